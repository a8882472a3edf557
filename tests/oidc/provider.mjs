// A certified OpenID provider on a free port of loopback, for tests/spaces/services/test_real_issuer.py.
// Arguments: certificate, key, audience, subject. Prints its address once it listens.
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { Provider } from "oidc-provider";

const [certificate, key, audience, subject] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) });

server.listen(0, "127.0.0.1", () => {
  const issuer = `https://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }] },
    cookies: { keys: ["test"] },
    clients: [
      {
        client_id: subject,
        client_secret: "secret",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => "https://octoplat.example.com",
        getResourceServerInfo: () => ({ scope: "api", audience, accessTokenFormat: "jwt" }),
      },
    },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
