/* A fotad with its database, CSPs, hubs, devices and Users, for the browser
 * tests. Everything is in build/browser. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync }
    from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const BIN = "build/release";
const OUT = "build/browser/world";
const HOMES = 18000;
export const PASSWORD = "correct horse battery";

/* name, role, number of the supplier */
export const ACCOUNTS = [
    ["ann", "supplier", 1], ["bob", "supplier", 2], ["carl", "supplier", 3],
    ["dora", "supplier", 4],
    ["desk", "service_desk"], ["audit", "auditor"], ["root", "administrator"],
];

export const supplier = n => `90-B3-D5-1F-30-0${n}-00-00`;

const running = [];
const ports = {};

/* None that the system gives to whoever connects meanwhile (from 32768 on). */
async function freePort() {
    for (;;) {
        const port = 20000 + Math.floor(Math.random() * 12000);
        const server = createServer();
        const free = await new Promise(done => server
            .once("error", () => done(false))
            .listen(port, "127.0.0.1", () => done(true)));
        if (!free)
            continue;
        await new Promise(done => server.close(done));
        return port;
    }
}

const run = (program, args, input) =>
    execFileSync(program, args, { input, encoding: "utf8",
        stdio: ["pipe", "pipe", "pipe"] });
const sim = (...args) => run(`${BIN}/fotasim`, args);
const fotactl = (args, input) =>
    run(`${BIN}/fotactl`, ["--config", `${OUT}/fotad.conf`, ...args], input);

function launch(name, program, args) {
    const log = openSync(`${OUT}/${name}.log`, "w");
    running.push(spawn(program, args, { stdio: ["ignore", log, log] }));
}

/* ---- what it is made of ---- */

/* Keys follow from the seed: they are made once. */
function makePki() {
    const kept = `build/browser/pki-${HOMES}`;
    if (!existsSync(`${kept}/certificates`))
        sim("pki", kept, "--homes", `${HOMES}`);
    return kept;
}

function makeDatabase() {
    const conninfo = run("tools/pg", ["start", "tests"]).trim()
        .replace(/ dbname=.*/, "");
    run("tools/pg", ["psql", "tests", "-q", "-d", "postgres",
        "-c", "set client_min_messages = warning",
        "-c", "drop database if exists fotad_browser with (force)",
        "-c", "create database fotad_browser"]);
    return `${conninfo} dbname=fotad_browser`;
}

function writeConfig(pki, conninfo) {
    const csp = (name, regions, port) => `[csp ${name}]
regions = ${regions}
base_url = http://127.0.0.1:${port}
token = to-${name}
inbound_token = from-${name}
max_devices_per_job = 25
`;
    writeFileSync(`${OUT}/fotad.conf`, `[database]
conninfo = ${conninfo}
[user_gateway]
listen = 127.0.0.1:${ports.user}
[csp_gateway]
listen = 127.0.0.1:${ports.csp}
[people]
listen = 127.0.0.1:${ports.people}
[operations]
listen = 127.0.0.1:${ports.operations}
[identity]
xml_signing_key = ${pki}/keys/dsp-xml-sign.key
xml_signing_certificate = ${pki}/certificates/dsp-xml-sign.pem
key_agreement_key = ${pki}/keys/acb-ka.key
${csp("north", "North, 4G North", ports.north)}` +
        csp("south", "Central, South, 4G Central, 4G South", ports.south));
}

function fillDatabase(pki) {
    sim("estate", `${OUT}/estate`, "--homes", `${HOMES}`,
        "--receive-url", `http://127.0.0.1:${ports.receive}/user`);
    fotactl(["migrate"]);
    for (const kind of ["cpl", "smi", "users"])
        fotactl(["import", kind, `${OUT}/estate/${kind}.csv`]);
    fotactl(["import", "certificates", `${pki}/certificates`]);
    for (const [name, role, number] of ACCOUNTS) {
        const of = number ? ["--supplier", supplier(number)] : [];
        fotactl(["account", "add", name, "--role", role, ...of]);
        fotactl(["account", "password", name], `${PASSWORD}\n`);
    }
}

function launchCsp(pki, name) {
    setCspFaults(name, "");
    launch(`csp-${name}`, `${BIN}/fotasim`, ["csp",
        "--listen", `127.0.0.1:${ports[name]}`, "--name", name,
        "--fotad", `http://127.0.0.1:${ports.csp}`,
        "--token", `from-${name}`, "--expect-token", `to-${name}`,
        "--state", `${OUT}/csp-${name}`, "--pki", pki, "--seed", "1",
        "--faults", `${OUT}/${name}.faults`,
        "--device-faults", `${OUT}/device.faults`]);
}

async function isReady() {
    for (let tries = 0; tries < 300; tries++) {
        const answer = await fetch(
            `http://127.0.0.1:${ports.operations}/readyz`).catch(() => null);
        if (answer?.ok)
            return;
        await sleep(100);
    }
    throw new Error(readFileSync(`${OUT}/fotad.log`, "utf8").slice(-2000));
}

/* Starts all of it; the address of the people listener. */
export async function start() {
    rmSync(OUT, { recursive: true, force: true });
    mkdirSync(OUT, { recursive: true });
    for (const name of ["user", "csp", "people", "operations", "north",
        "south", "receive"])
        ports[name] = await freePort();
    const pki = makePki();
    writeConfig(pki, makeDatabase());
    fillDatabase(pki);
    setDeviceFaults("");
    launchCsp(pki, "north");
    launchCsp(pki, "south");
    launch("users", `${BIN}/fotasim`, ["user",
        "--listen", `127.0.0.1:${ports.receive}`,
        "--certificate", `${pki}/certificates/dsp-xml-sign.pem`]);
    launch("fotad", `${BIN}/fotad`, ["--config", `${OUT}/fotad.conf`]);
    await isReady();
    return `http://127.0.0.1:${ports.people}`;
}

export async function stop() {
    for (const child of running.reverse()) {
        child.kill("SIGTERM");
        await new Promise(done => child.exitCode === null
            ? child.once("exit", done) : done());
    }
    run("tools/pg", ["stop", "tests"]);
}

/* ---- faults ---- */

export function setCspFaults(name, rows) {
    writeFileSync(`${OUT}/${name}.faults`, `${rows}\n`);
}

export function setDeviceFaults(rows) {
    writeFileSync(`${OUT}/device.faults`, `${rows}\n`);
}

export const setUserFault = (user, fault) => fetch(
    `http://127.0.0.1:${ports.receive}/faults/${user}`,
    { method: "PUT", body: fault });

/* ---- requests ---- */

/* Of a supplier, for a day. */
export const setThreshold = (user, variant, warning, quarantine) =>
    fotactl(["thresholds", "set", variant, "--user", supplier(user),
        "--period", "24h", "--warning", `${warning}`,
        "--quarantine", `${quarantine}`]);

/* A person's at the command line: hold, release or stop. */
export const order = (verb, requestId) =>
    fotactl([verb, requestId, "--reason", "a test"]);

let counter = 1000;
const known = {};
const taken = new Set();

/* All Device IDs that a request of this supplier for this image would judge
 * so; fotasim says that there are no more than that. */
function allDevices(user, image, verdict) {
    try {
        return sim("devices", "--user", supplier(user), "--image", image,
            "--homes", `${HOMES}`, "--expect", verdict, "--count", "1000000");
    } catch (error) {
        return error.stdout;
    }
}

/* Some of them, each only once: homes have several suppliers. */
export function devices(user, image, verdict, count) {
    const key = `${user} ${image} ${verdict}`;
    known[key] ??= allDevices(user, image, verdict).trim().split("\n");
    const some = known[key].filter(d => !taken.has(d)).slice(0, count);
    if (some.length < count)
        throw new Error(`${key}: only ${some.length} left of ${count}`);
    some.forEach(d => taken.add(d));
    return some;
}

function imageFile(user, image) {
    const file = `${OUT}/${image}.ota`;
    if (!existsSync(file))
        sim("image", image, "--output", file,
            "--key", `build/browser/pki-${HOMES}/keys/supplier-${user}-ds.key`);
    return file;
}

/* A signed 11.1 or 11.4 as a file; its RequestID. */
export function write(user, variant, image, list) {
    const pki = `build/browser/pki-${HOMES}`;
    counter++;
    const file = `${OUT}/request-${counter}.xml`;
    writeFileSync(`${OUT}/list`, list.join("\n") + "\n");
    sim("request", "--variant", variant, "--counter", `${counter}`,
        "--key", `${pki}/keys/supplier-${user}-xml-sign.key`,
        "--certificate", `${pki}/certificates/supplier-${user}-xml-sign.pem`,
        "--image", imageFile(user, image), "--devices", `${OUT}/list`,
        "--output", file);
    return { file,
        id: `${supplier(user)}:90-B3-D5-1F-30-00-00-02:${counter}` };
}

async function post(file) {
    const answer = await fetch(
        `http://127.0.0.1:${ports.user}/api/v1/serviceD`, { method: "POST",
            headers: { "Content-Type": "application/xml" },
            body: readFileSync(file) });
    const text = await answer.text();
    return /<(?:\w+:)?ResponseCode>([^<]*)</.exec(text)?.[1] ?? text;
}

/* Writes and posts it; its RequestID. */
export async function send(user, variant, image, list, code) {
    const { file, id } = write(user, variant, image, list);
    const got = await post(file);
    if (got !== code)
        throw new Error(`${id}: ${got}, expected ${code}`);
    return id;
}

const sql = text => run("tools/pg",
    ["psql", "tests", "-q", "-d", "fotad_browser", "-c", text]);

/* What a device says that is of none of its updates. */
export const addUnknown = device => sql(
    `insert into sat_entry (at, kind, device_id, detail) values (now(), 'told',
        '${device}', 'device_activated 36747 version 0000002A of no update ' ||
        'that is known')`);

/* A second report that contradicts the first, and a CSP that was silent. */
export const doubtJobs = requestId => sql(
    `update csp_job j set contradicted = now(), silent = now()
     from service_request r where r.request_no = j.request_no
        and r.counter = ${requestId.split(":").at(-1)}`);

/* Commands of 11.3 to ESMEs and HCALCSs, as RSAT_004 finds them. They are put
 * into the table: only a User's own tool signs Pre-Commands. */
export function addActivations(requestId, list) {
    const requestCounter = requestId.split(":").at(-1);
    const rows = list.flatMap((device, n) => ["ESME", "HCALCS"].map(type =>
        `(${requestCounter}, '${device}', '${type}', ${n},
          '${["answered", "sent", "failed"][n % 3]}',
          ${n % 3 === 0 ? 2 : "null"})`));
    sql(`insert into device_command (request_no, device_id, device_type,
            chf_id, csp, originator, counter, message_code, state, created,
            next_try, response_result, payload)
         select r.request_no, v.device::macaddr8, v.type::device_type,
            v.device::macaddr8, 'north', r.originator,
            row_number() over (), 18, v.state::command_state,
            r.received + v.n * interval '1 second', r.received,
            v.result::smallint, '\\x00'
         from (values ${rows.join(", ")})
            v (counter, device, type, n, state, result)
         join service_request r on r.counter = v.counter
            and r.service_reference_variant = '11.1'`);
}

/* What became of updates, counted now and not within 10 minutes. */
export const countOutcomes = () => sql("select count_day(day_of(now()), now())");

const requestNo = requestId => `(select request_no from service_request
    where counter = ${requestId.split(":").at(-1)}
        and accepted > 0 order by request_no desc limit 1)`;

/* An alarm of each rule that stands, and one that has ended, instead of those of
 * what other tests did. No rule is looked at for a while: housekeeping would end
 * them. */
export const addAlarms = (requestId, device) => sql(
    `update alarm_rule set looked = now(), looks = '2 years';
     delete from alarm;
     insert into alarm (rule, about, device_id, csp, request_no, user_id,
        since, until, count, why)
     select v.rule, coalesce(v.about, '${requestId}'),
        v.device::macaddr8, v.csp,
        case when v.of_request then ${requestNo(requestId)} end,
        v.user_id::macaddr8, now() - v.ago, v.until, v.count, v.why
     from (values
        ('device_failures', '${device}', '${device}', null, true, null,
            interval '9 days', now(), 3, 'It had failed three times'),
        ('device_failures', '${device}', '${device}', null, true, null,
            '1 day', null, 4, 'It failed four times'),
        ('breaker', 'order 7', null, 'north', true, null, '2 hours', null, 5,
            '5 of 50 devices failed, more than 2 %'),
        ('quarantine', null, null, null, true, null, '1 hour', null, 100,
            'Its 100 devices come to 1000 in 24 hours'),
        ('undelivered', '${supplier(1)}', null, null, false, '${supplier(1)}',
            '50 minutes', null, 8, '8 messages to Supplier 1 not delivered'),
        ('overdue_forecast', null, null, null, true, null, '40 minutes', null,
            30, 'Nine of ten of its devices were to be done by yesterday'),
        ('csp_silent', 'north', null, 'north', false, null, '30 minutes', null,
            2, '2 jobs are with it, and neither a report nor an answer'))
        v (rule, about, device, csp, of_request, user_id, ago, until, count,
            why)`);

/* What is under way is later than others were, and is so no more. */
export const makeStuck = () => sql(
    `insert into duration_known select distinct l.csp, l.device_type,
        s::update_span, '', -1, 100, interval '1 ms', '{}'::integer[],
        '{}'::double precision[]
     from tracking_live l, unnest(array['report', 'way', 'hub']) s
     on conflict do nothing`);
export const unmakeStuck = () => sql(
    "delete from duration_known where p99 = interval '1 ms'");

/* The last forecast of a request, with times or without; one before it has held
 * of three of four devices. */
export const addForecast = (requestId, known) => sql(
    `insert into forecast (request_no, csp, device_type, model, made, first,
        devices, done, why, p50, p90, history, due, scored, counted, by_p50,
        by_p90)
     select ${requestNo(requestId)}, v.csp, v.type::device_type, v.model,
        now() + interval '${known ? 20 : 10} minutes', false, 100, 40,
        ${known ? "null, now() + interval '1 day', now() + interval '2 days'"
        : "'history', null, null"}, ${known ? 500 : 20}, null, null, null,
        null, null
     from (values (null, null, null), ('north', 'ESME', '1212:0001'))
        v (csp, type, model);
     insert into forecast (request_no, csp, device_type, model, made, first,
        devices, done, p50, p90, history, scored, counted, by_p50, by_p90)
     select 0, 'north', 'ESME', '', now() - interval '9 days', true, 4, 0,
        now() - interval '8 days', now() - interval '7 days', 500,
        now() - interval '6 days', 4, 2, 3
     where ${known}`);
