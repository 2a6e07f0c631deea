// Starts the API page; whoever is logged in can try things out, so the CSRF token goes along.
"use strict";

fetch("/api/session")
  .then((answer) => (answer.ok ? answer.json() : { csrf_token: "" }))
  .then((me) =>
    SwaggerUIBundle({
      url: "/openapi.json",
      dom_id: "#swagger-ui",
      validatorUrl: null,
      requestInterceptor: (request) => {
        if (me.csrf_token) request.headers["X-CSRF-Token"] = me.csrf_token;
        return request;
      },
    }),
  );
