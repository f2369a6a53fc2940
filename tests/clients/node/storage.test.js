// Cloud Storage through @google-cloud/storage.

import assert from 'node:assert/strict';
import {createHash, randomBytes, randomUUID} from 'node:crypto';
import {buffer} from 'node:stream/consumers';
import {pipeline} from 'node:stream/promises';
import {Readable} from 'node:stream';
import {test} from 'node:test';
import {Storage} from '@google-cloud/storage';

const storage = new Storage({apiEndpoint: process.env.FOGBANK_BASE, projectId: 'demo-project'});

async function newBucket() {
  const [bucket] = await storage.createBucket(`node-${randomUUID().slice(0, 13)}`);
  return bucket;
}

test('F01 content is exact, simple and resumable', async () => {
  const bucket = await newBucket();
  for (const content of [Buffer.alloc(0), Buffer.from([255]), randomBytes(100_000), randomBytes(6 << 20)]) {
    for (const resumable of [false, true]) {
      const file = bucket.file(`o-${content.length}-${resumable}`);
      await file.save(content, {resumable, validation: 'crc32c'});
      const [read] = await file.download();
      assert.ok(read.equals(content), `${content.length} bytes, resumable: ${resumable}`);
      const [metadata] = await file.getMetadata();
      assert.equal(metadata.md5Hash, createHash('md5').update(content).digest('base64'));
    }
  }
});

test('F01 a stream of unknown length in chunks', async () => {
  const bucket = await newBucket();
  const content = randomBytes((1 << 20) + 4321);
  const pieces = Array.from({length: Math.ceil(content.length / 65536)}, (_, at) => content.subarray(at * 65536, (at + 1) * 65536));
  const writer = bucket.file('stream').createWriteStream({resumable: true, chunkSize: 256 << 10});
  await pipeline(Readable.from(pieces), writer);
  assert.ok((await buffer(bucket.file('stream').createReadStream())).equals(content));
  assert.ok((await buffer(bucket.file('stream').createReadStream({start: 10, end: 19}))).equals(content.subarray(10, 20)));
});

test('F04 names are exact', async () => {
  const bucket = await newBucket();
  const names = ['a b', 'a/../b', 'a//b', 'ü/世界', '100%', 'a+b&c=d?e#f', 'x'.repeat(1024)];
  for (const name of names) await bucket.file(name).save(name, {resumable: false});
  const [files] = await bucket.getFiles();
  assert.deepEqual(files.map(file => file.name).sort(), [...names].sort());
  for (const name of names) assert.equal((await bucket.file(name).download())[0].toString(), name);
});

test('metadata, preconditions, copy, move, compose', async () => {
  const bucket = await newBucket();
  const file = bucket.file('o');
  await file.save('first', {resumable: false, metadata: {contentType: 'text/x', metadata: {k: 'v'}}, preconditionOpts: {ifGenerationMatch: 0}});
  await assert.rejects(bucket.file('o').save('second', {resumable: false, preconditionOpts: {ifGenerationMatch: 0}}), {code: 412});
  await file.setMetadata({cacheControl: 'no-cache'});
  const [metadata] = await file.getMetadata();
  assert.deepEqual([metadata.contentType, metadata.metadata.k, metadata.cacheControl], ['text/x', 'v', 'no-cache']);
  await file.copy(bucket.file('copy'));
  await bucket.file('copy').move('moved');
  await bucket.combine(['o', 'moved'], 'both');
  assert.equal((await bucket.file('both').download())[0].toString(), 'firstfirst');
  assert.deepEqual(await bucket.file('copy').exists(), [false]);
});

test('pages, prefixes, deleting all', async () => {
  const bucket = await newBucket();
  for (let n = 0; n < 12; n++) await bucket.file(`${n % 3}/${n}`).save('x', {resumable: false});
  const [all] = await bucket.getFiles({maxResults: 5, autoPaginate: true});
  assert.equal(all.length <= 12, true);
  const [, , page] = await bucket.getFiles({delimiter: '/', autoPaginate: false});
  assert.deepEqual(page.prefixes, ['0/', '1/', '2/']);
  await bucket.deleteFiles({force: true});
  await bucket.delete();
  assert.deepEqual(await bucket.exists(), [false]);
});

test('settings of a bucket read back', async () => {
  const bucket = await newBucket();
  await bucket.setLabels({env: 'test'});
  await bucket.addLifecycleRule({action: {type: 'Delete'}, condition: {age: 30}});
  await bucket.setCorsConfiguration([{origin: ['https://example.com'], method: ['GET'], maxAgeSeconds: 60}]);
  const [metadata] = await bucket.getMetadata();
  assert.equal(metadata.labels.env, 'test');
  assert.equal(metadata.lifecycle.rule[0].condition.age, 30);
  assert.equal(metadata.cors[0].maxAgeSeconds, 60);
});
