import './loopback.cjs';
import { PDS, envToCfg, envToSecrets, readEnv } from '@atproto/pds';

const env = readEnv();
const pds = await PDS.create(envToCfg(env), envToSecrets(env));
await pds.start();
console.log('pds listening');
process.on('SIGTERM', async () => {
  setTimeout(() => process.exit(0), 4000).unref();
  await pds.destroy();
  process.exit(0);
});
