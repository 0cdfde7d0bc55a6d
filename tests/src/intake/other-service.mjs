// A service of somebody else, which has nothing but bullmq and the README's snippet. Arguments: the address of Redis, then requests as
// JSON. Prints one line of JSON for each: the return value of its job, or why that failed.
import { Queue, QueueEvents } from 'bullmq';

const [redisUrl, ...lines] = process.argv.slice(2);
const { hostname: host, port, password } = new URL(redisUrl);
const connection = { host, port: Number(port), password };
const requests = new Queue('requests', { connection, prefix: '{pushfleet}' });
const events = new QueueEvents('requests', { connection, prefix: '{pushfleet}', lastEventId: '0-0' });

for (const line of lines) {
  const data = JSON.parse(line);
  const job = await requests.add(data?.action ?? 'add', data);
  const answer = await job.waitUntilFinished(events, 20_000).then(
    (result) => ({ result }),
    (error) => ({ error: error.message }),
  );
  console.log(JSON.stringify(answer));
}
await requests.close();
await events.close();
