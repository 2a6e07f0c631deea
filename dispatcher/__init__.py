"""Who needs help, who is told, and when: from a signal to a closed incident."""
