// Alipay's own SDK for Node.js beside the hub's Java one. Reads {gateway, app, privateKey, alipayKey, signingKey, toVerify, toSign, order} from
// its input and writes {verified, form, answer}: whether the SDK takes a notice for Alipay's, a notice that it has signed, and what the gateway
// answered to a query of its own, signature checked.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const sdk = join(process.argv[2], 'node_modules', 'alipay-sdk', 'dist', 'esm');
const { AlipaySdk } = await import(pathToFileURL(join(sdk, 'index.js')));
const { signatureV3 } = await import(pathToFileURL(join(sdk, 'util.js')));
const asked = JSON.parse(readFileSync(0, 'utf8'));

const alipay = new AlipaySdk({
  appId: asked.app, privateKey: asked.privateKey, keyType: 'PKCS8', alipayPublicKey: asked.alipayKey, gateway: asked.gateway, camelcase: false,
});
const verified = alipay.checkNotifySignV2(Object.fromEntries(new URLSearchParams(asked.toVerify)));

const content = Object.keys(asked.toSign).sort().map((name) => `${name}=${asked.toSign[name]}`).join('&');
const form = new URLSearchParams({ ...asked.toSign, sign: signatureV3(content, asked.signingKey), sign_type: 'RSA2' }).toString();

const answer = await alipay.exec('alipay.trade.query', { bizContent: { out_trade_no: asked.order } }, { validateSign: true });
console.log(JSON.stringify({ verified, form, answer }));
