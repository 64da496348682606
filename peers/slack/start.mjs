// Starts the emulator of Slack with a workspace of its own. It would listen at every address of the machine: here it is held to one.
import net from "node:net";

const [home, port, secret] = process.argv.slice(2);
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (at, _host, ...rest) {
  return listen.call(this, at, "127.0.0.1", ...rest);
};
const { createEmulator } = await import(`${home}/node_modules/emulate/dist/api.js`);

const scopes = ["chat:write", "channels:read", "groups:read", "channels:join", "users:read", "chat:write.customize", "files:write", "files:read", "channels:history", "groups:history"];
const slack = {
  team: { name: "News room", domain: "newsroom" },
  users: [{ name: "ada", real_name: "Ada Lovelace" }],
  channels: [{ name: "news" }, { name: "board", is_private: true }],
  oauth_apps: [{ client_id: "1.1", client_secret: secret, name: "Crier", redirect_uris: ["https://crier.test/integrations/social/slack"], scopes }],
  tokens: [
    { token: `xoxb-writer-${secret}`, type: "bot", user: "ada", scopes },
    { token: `xoxb-reader-${secret}`, type: "bot", user: "ada", scopes: scopes.filter((scope) => scope !== "chat:write") },
  ],
  strict_scopes: true,
};
await createEmulator({ service: "slack", port: Number(port), baseUrl: `http://127.0.0.1:${port}`, seed: { slack } });
