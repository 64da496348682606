// The directory is the package's in-memory database, written to a file so that accounts outlive a restart.
require('./loopback.cjs');
const fs = require('fs');
const { PlcServer, Database } = require('@did-plc/server');
const { CID } = require('multiformats/cid');

const file = process.env.PLC_FILE;
const db = Database.mock();
if (fs.existsSync(file)) {
  for (const [did, ops] of Object.entries(JSON.parse(fs.readFileSync(file)))) {
    db.contents[did] = ops.map((op) => ({ ...op, cid: CID.parse(op.cid), createdAt: new Date(op.createdAt) }));
  }
}
const add = db.validateAndAddOp.bind(db);
db.validateAndAddOp = async (...args) => {
  await add(...args);
  const out = {};
  for (const [did, ops] of Object.entries(db.contents)) out[did] = ops.map((op) => ({ ...op, cid: op.cid.toString() }));
  fs.writeFileSync(`${file}.tmp`, JSON.stringify(out));
  fs.renameSync(`${file}.tmp`, file);
};
PlcServer.create({ db, port: Number(process.env.PLC_PORT) })
  .start()
  .then(() => console.log('directory listening'));
process.on('SIGTERM', () => process.exit(0));
