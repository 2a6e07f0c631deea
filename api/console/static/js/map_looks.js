// The colours of the map by day and by night: a calm ground on which only an emergency is red.

export const FONT = '"Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei", sans-serif';

export const LOOKS = {
  day: {
    ground: "#e6edf0", cell: "#f7fafb", cellLine: "#c9d5db", communityLine: "#8ba0ac", streetLine: "#5d7480", ownCell: "#fdf3f2",
    building: "#dde5e9", lived: "#b3d3da", called: "#e3a09f", floor: "#c0101c", text: "#33464f", quiet: "#5d707b", halo: "#ffffff",
    home: "#0b5f73", worker: "#4d8268", coming: "#0a6b3d", line: "#0b5f73", clinic: "#1f52a3", ring: "#ffffff", emergency: "#b9151f", other: "#46606d",
    light: 0.28, green: "#dce8da", water: "#c3dbe9", road: "#ffffff", kerb: "#bac8cf", track: "#d0dadf",
    tiles: { "raster-saturation": -0.45, "raster-brightness-min": 0.12, "raster-brightness-max": 1 },
  },
  night: {
    ground: "#0b151b", cell: "#12212a", cellLine: "#223843", communityLine: "#3d5f6d", streetLine: "#5f8594", ownCell: "#2a1a20",
    building: "#2a3e49", lived: "#2f6672", called: "#7e3138", floor: "#ff4b55", text: "#c9dae1", quiet: "#93a9b4", halo: "#0b151b",
    home: "#6fcadb", worker: "#7fc3a2", coming: "#47d58c", line: "#6fcadb", clinic: "#7fabf0", ring: "#0b151b", emergency: "#ff4b55", other: "#8fa9b6",
    light: 0.4, green: "#10251f", water: "#0f2c41", road: "#2c4553", kerb: "#1b2f39", track: "#1d323d",
    tiles: { "raster-saturation": -0.7, "raster-brightness-min": 0, "raster-brightness-max": 0.36 },
  },
};
