// google-auth-library and @google-cloud/storage with a key file, where everybody is asked who they are.

import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {Storage} from '@google-cloud/storage';
import {GoogleAuth, Impersonated, JWT, OAuth2Client, UserRefreshClient, gaxios} from 'google-auth-library';

const base = process.env.FOGBANK_BASE;
const project = 'demo-project';
const scopes = ['https://www.googleapis.com/auth/cloud-platform'];
const folder = mkdtempSync(join(tmpdir(), 'fogbank-node-'));
after(() => rmSync(folder, {recursive: true}));

// The library has the token endpoint built in, whatever `token_uri` a key file names: what goes there comes here.
const transporter = new gaxios.Gaxios({noProxy: ['oauth2.googleapis.com', 'iamcredentials.googleapis.com']});
transporter.interceptors.request.add({
  resolved: async options => ({...options, url: new URL(String(options.url).replace(/^https:\/\/(oauth2|iamcredentials).googleapis.com/, base))}),
});

// Secrets that the server's log must not have.
function note(kind, secret) {
  appendFileSync(process.env.FOGBANK_SECRETS, `${kind} ${secret}\n`);
  return secret;
}

const operator = note('token', readFileSync(join(process.env.FOGBANK_DATA, 'administrator-token'), 'utf8').trim());

async function send(method, path, body, token = operator) {
  const headers = {'Content-Type': 'application/json', ...(token && {Authorization: `Bearer ${token}`})};
  return fetch(base + path, {method, headers, body: body && JSON.stringify(body)});
}

async function asOperator(path, body = {}) {
  const answer = await send('POST', path, body);
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

async function newAccount(...roles) {
  const {email} = await asOperator(`/v1/projects/${project}/serviceAccounts`, {accountId: `n-${randomUUID().slice(0, 13)}`});
  const path = `/v1/projects/${project}/serviceAccounts/${email}`;
  const {privateKeyData} = await asOperator(`${path}/keys`);
  const key = JSON.parse(Buffer.from(privateKeyData, 'base64'));
  for (const line of key.private_key.split('\n').filter(line => line.length > 30 && !line.includes('PRIVATE KEY'))) note('key', line);
  const file = join(folder, `${randomUUID()}.json`);
  writeFileSync(file, JSON.stringify(key), {mode: 0o600});
  for (const role of roles) await grant(`/v1/projects/${project}`, role, email);
  return {email, path, key, file};
}

async function grant(path, role, email) {
  const policy = await asOperator(`${path}:getIamPolicy`, {options: {requestedPolicyVersion: 3}});
  policy.bindings = [...(policy.bindings ?? []), {role, members: [`serviceAccount:${email}`]}];
  await asOperator(`${path}:setIamPolicy`, {policy});
}

const authOf = account => new GoogleAuth({keyFile: account.file, scopes, clientOptions: {transporter}});
const storageOf = account => new Storage({apiEndpoint: base, projectId: project, useAuthWithCustomEndpoint: true, authClient: authOf(account)});

const admin = await newAccount('roles/storage.admin');
const [bucket] = await storageOf(admin).createBucket(`node-${randomUUID().slice(0, 13)}`);
const seen = async token => (await send('GET', `/storage/v1/b/${bucket.name}`, undefined, token)).status;

test('a JWT client gets a token, and the token a role', async () => {
  const account = await newAccount();
  const client = new JWT({email: account.email, key: account.key.private_key, keyId: account.key.private_key_id, scopes, transporter});
  const {access_token: token} = await client.authorize();
  note('token', token);
  assert.equal(await seen(token), 403);
  await grant(`/v1/projects/${project}`, 'roles/storage.admin', account.email);
  assert.equal(await seen(token), 200);
  assert.equal((await client.getTokenInfo(token)).email, account.email);
});

test('storage by a key file', async () => {
  await bucket.file('o').save('content', {resumable: false});
  assert.equal((await bucket.file('o').download())[0].toString(), 'content');
  const other = storageOf(await newAccount());
  await assert.rejects(other.bucket(bucket.name).file('o').download(), {code: 403});
});

test('a token that the account signs itself', async () => {
  const account = await newAccount('roles/storage.admin');
  const client = new JWT({email: account.email, key: account.key.private_key, keyId: account.key.private_key_id});
  const headers = await client.getRequestHeaders('https://storage.googleapis.com/');
  const token = note('token', new Headers(headers).get('authorization').split(' ')[1]);
  assert.equal(await seen(token), 200);
  await asOperator(`${account.path}/keys/${account.key.private_key_id}:disable`);
  assert.equal(await seen(token), 401);
});

test('F27 a key that is gone gets no token', async () => {
  const account = await newAccount();
  assert.equal((await send('DELETE', `${account.path}/keys/${account.key.private_key_id}`)).status, 200);
  await assert.rejects(authOf(account).getAccessToken(), /invalid_grant/);
});

test('ID tokens verify', async () => {
  const client = await authOf(admin).getIdTokenClient('https://run.example');
  const headers = new Headers(await client.getRequestHeaders());
  const idToken = note('token', headers.get('authorization').split(' ')[1]);
  const certificates = await (await fetch(`${base}/oauth2/v1/certs`)).json();
  const issuers = [JSON.parse(Buffer.from(idToken.split('.')[1], 'base64url')).iss];
  const verifier = new OAuth2Client();
  const ticket = await verifier.verifySignedJwtWithCertsAsync(idToken, certificates, 'https://run.example', issuers);
  assert.equal(ticket.getPayload().email, admin.email);
  await assert.rejects(verifier.verifySignedJwtWithCertsAsync(idToken, certificates, 'https://other.example', issuers), /audience|recipient/i);
});

test('another account, by impersonation', async () => {
  const caller = await newAccount();
  const impersonated = new Impersonated({
    sourceClient: await authOf(caller).getClient(),
    targetPrincipal: admin.email,
    targetScopes: scopes,
    lifetime: 600,
    transporter,
  });
  await assert.rejects(impersonated.getAccessToken(), /iam.serviceAccounts.getAccessToken/);
  await grant(admin.path, 'roles/iam.serviceAccountTokenCreator', caller.email);
  const {token} = await impersonated.getAccessToken();
  assert.equal(await seen(note('token', token)), 200);
});

test('a refresh token', async () => {
  await grant(`/v1/projects/${project}`, 'roles/storage.admin', admin.email);
  const made = await asOperator('/auth/tokens', {user: `serviceAccount:${admin.email}`, project});
  note('token', made.access_token);
  const client = new UserRefreshClient({clientId: 'any', clientSecret: 'any', refreshToken: note('refresh-token', made.refresh_token), transporter});
  const {token} = await client.getAccessToken();
  assert.equal(await seen(note('token', token)), 200);
});

test('V4 signed URLs', async () => {
  const storage = new Storage({apiEndpoint: base, projectId: project, keyFilename: admin.file});
  const file = name => storage.bucket(bucket.name).file(name);
  const expires = Date.now() + 600_000;
  const sign = (name, more) => file(name).getSignedUrl({version: 'v4', expires, host: base, ...more}).then(([url]) => url);
  const headers = {'content-type': 'text/x', 'x-goog-meta-colour': 'blue'};
  const put = await sign('a b/ü', {action: 'write', contentType: 'text/x', extensionHeaders: {'x-goog-meta-colour': 'blue'}});
  assert.equal((await fetch(put, {method: 'PUT', body: 'content', headers: {...headers, 'x-goog-meta-colour': 'red'}})).status, 403);
  const written = await fetch(put, {method: 'PUT', body: 'content', headers});
  assert.equal(written.status, 200, await written.text());
  const get = await sign('a b/ü', {action: 'read', responseDisposition: 'attachment; filename="x"', queryParams: {a: 'b c'}});
  const answer = await fetch(get);
  assert.deepEqual([answer.status, await answer.text(), answer.headers.get('content-disposition')], [200, 'content', 'attachment; filename="x"']);
  assert.equal((await fetch(get.replace('b%20c', 'b%20d'))).status, 403);
  assert.equal((await fetch(get.replace('/a%20b', '/a%20c'))).status, 403);
  assert.equal((await fetch(get, {method: 'DELETE'})).status, 403);
  assert.equal((await fetch(await sign('a b/ü', {action: 'delete'}), {method: 'DELETE'})).status, 204);
});

test('forms by a signed policy', async () => {
  const storage = new Storage({apiEndpoint: base, projectId: project, keyFilename: admin.file});
  const [policy] = await storage.bucket(bucket.name).file('form').generateSignedPostPolicyV4({
    expires: Date.now() + 600_000,
    conditions: [['content-length-range', 1, 20]],
    fields: {'x-goog-meta-colour': 'blue', success_action_status: '201'},
  });
  const post = async (content, changes = {}) => {
    const form = new FormData();
    for (const [name, value] of Object.entries({...policy.fields, ...changes})) form.append(name, value);
    form.append('file', new Blob([content]), 'file.txt');
    return (await fetch(`${base}/${bucket.name}/`, {method: 'POST', body: form})).status;
  };
  assert.equal(await post('content', {'x-goog-meta-colour': 'red'}), 403);
  assert.equal(await post('x'.repeat(21)), 400);
  assert.equal(await post('content'), 201);
  assert.equal((await bucket.file('form').getMetadata())[0].metadata.colour, 'blue');
});
