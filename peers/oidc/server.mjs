// An OpenID provider by others (npm oidc-provider), with the pages for development: any name and any password sign in.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const { OIDC_PORT, OIDC_DATA, OIDC_CLIENTS, OIDC_COOKIE_KEY } = process.env;
const keyFile = `${OIDC_DATA}/signing-key.json`;
if (!existsSync(keyFile)) {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  writeFileSync(keyFile, JSON.stringify({ ...key, use: 'sig', alg: 'RS256', kid: 'one' }), { mode: 0o600 });
}

const provider = new Provider(`http://127.0.0.1:${OIDC_PORT}`, {
  clients: JSON.parse(OIDC_CLIENTS),
  jwks: { keys: [JSON.parse(readFileSync(keyFile))] },
  cookies: { keys: [OIDC_COOKIE_KEY] },
  scopes: ['openid', 'offline_access', 'profile', 'posts.write'],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'] },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: `${id} of the tests`, preferred_username: id }) }),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  // Codes are short-lived here, so that a test can wait for the end of one.
  ttl: { AuthorizationCode: 5, AccessToken: 3600, RefreshToken: 86400, Grant: 86400, IdToken: 3600, Interaction: 600, Session: 3600 },
  features: { devInteractions: { enabled: true }, revocation: { enabled: true }, pushedAuthorizationRequests: { enabled: true } },
});
// Why it refuses, which it does not tell the client.
for (const event of ['authorization.error', 'grant.error', 'revocation.error', 'server_error']) {
  provider.on(event, (_ctx, error) => console.log(event, error.error ?? error.message, error.error_description ?? '', error.error_detail ?? ''));
}
provider.listen(Number(OIDC_PORT), '127.0.0.1');
