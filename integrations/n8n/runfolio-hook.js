// Sends every completed execution of n8n to Runfolio: an external hook, named by EXTERNAL_HOOK_FILES.
//
// RUNFOLIO_URL and RUNFOLIO_TOKEN say where to; without them nothing is sent. The hook returns at once, and what it
// started is tried again for a minute where the gateway is away or busy. Whatever goes wrong is written to the log and
// touches no execution. In queue mode the workers run the executions, so they need the variables.
'use strict';

// Bytes of an event: a gateway takes 16 MiB unless it is set otherwise.
const MOST_BYTES = 15_000_000;
// Executions that are being sent; of those that come then nothing is sent, which is logged.
const MOST_SENDING = 20;
const PATIENCE_MS = 60_000;
const PAUSE_MS = 2_000;
const ENDED = new Set(['success', 'error', 'canceled', 'crashed']);

let sending = 0;

function postExecute(run, workflow, executionId) {
  const { RUNFOLIO_URL: url, RUNFOLIO_TOKEN: token } = process.env;
  // An execution that waits is told of again when it has ended.
  if (!url || !token || !run || !ENDED.has(run.status)) return;
  if (sending >= MOST_SENDING) {
    complain(executionId, `${sending} others are being sent`);
    return;
  }
  let body;
  try {
    body = eventOf(run, workflow, executionId);
  } catch (error) {
    complain(executionId, error);
    return;
  }
  sending += 1;
  send(url, token, body)
    .catch((error) => complain(executionId, error))
    .finally(() => {
      sending -= 1;
    });
}

function complain(executionId, reason) {
  console.warn(`Execution ${executionId} was not sent to Runfolio: ${reason instanceof Error ? reason.message : reason}`);
}

// Write an event; of one that is too large, without what the nodes put out, which is said in it.
function eventOf(run, workflow, executionId) {
  const { pinData, staticData, ...kept } = workflow ?? {};
  const whole = written({ executionId: String(executionId), workflow: kept, runData: run }, false);
  if (Buffer.byteLength(whole) <= MOST_BYTES) return whole;
  const note = `The outputs of all nodes, since with them the event would have more than ${MOST_BYTES} bytes.`;
  return written({ executionId: String(executionId), workflow: kept, runData: run, left_out: note }, true);
}

function written(event, withoutOutputs) {
  const above = [];
  return JSON.stringify(event, function (key, value) {
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null) return value;
    // `this` is what was written of the object that holds the value; whatever is deeper than it has been left.
    while (above.length > 0 && above[above.length - 1].shown !== this) above.pop();
    if (above.some((one) => one.value === value)) return '[circular]';
    if (withoutOutputs && isOutput(this, key)) return undefined;
    const shown = plain(key, value);
    above.push({ value, shown });
    return shown;
  });
}

// The error's own message and stack are no fields of it that JSON would show.
function plain(key, value) {
  if (value instanceof Error) return { ...value, name: value.name, message: value.message, stack: value.stack };
  // Runfolio keeps of binary data its name, type and size, and nothing of the stack on which n8n keeps what is to run.
  if (key === 'executionData') return { runtimeData: value.runtimeData };
  if (typeof value.mimeType === 'string' && typeof value.data === 'string') return { ...value, data: undefined };
  return value;
}

function isOutput(holder, key) {
  return (key === 'data' || key === 'inputOverride') && 'executionTime' in holder && 'startTime' in holder;
}

async function send(url, token, body) {
  const query = process.env.RUNFOLIO_QUERY ? `?${process.env.RUNFOLIO_QUERY}` : '';
  const address = `${url.replace(/\/+$/, '')}/v1/engines/n8n/events${query}`;
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const left = Math.max(deadline - Date.now(), 1_000);
    const answer = await fetch(address, { method: 'POST', headers, body, signal: AbortSignal.timeout(left) }).catch(
      (error) => ({ status: 503, text: async () => `${error.message} ${error.cause?.message ?? ''}` }),
    );
    if (answer.status < 300) return;
    if (![429, 503].includes(answer.status) || Date.now() > deadline - PAUSE_MS) {
      throw new Error(`${answer.status} ${(await answer.text()).slice(0, 2_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

module.exports = { workflow: { postExecute: [postExecute] } };
