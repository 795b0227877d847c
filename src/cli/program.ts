/**
 * The commands, their options and their help. Not what they do: each action imports its own file, when it is called for.
 */
import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { minutes } from '../base/time.ts'
import {
  command,
  cryptoOption,
  examples,
  timelessCommand,
  TOPOLOGY,
  type Perform,
} from './commands.ts'
import { offsetOf, peerOf, portMappingOf, portOf, remoteOf } from './live-words.ts'
import { countOf, dateOf, shardOf, spanOf, timesOf } from './option-words.ts'
import { SEVERITIES } from '../preflight/finding.ts'
import { REPORTERS, type ReporterName } from './options.ts'
import { replica } from './replica-commands.ts'

const append = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
]

/** Of an option that may be given again: each read, in their order. */
const eachOf =
  <T>(read: (text: string) => T) =>
  (text: string, before: readonly T[] = []): readonly T[] => [...before, read(text)]

function reportersOf(text: string): readonly ReporterName[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !REPORTERS.includes(name as ReporterName))
  if (unknown !== undefined)
    throw new InvalidArgumentError(`'${unknown}' is none of ${REPORTERS.join(', ')}.`)
  return names as ReporterName[]
}

const init = (perform: Perform) =>
  command('init', 'write a commented topology, story, zone file and ProfileXML that run at once')
    .argument('<dir>', 'folder to write into; nothing in it is overwritten')
    .addHelpText('after', examples('init my-network', 'init .'))
    .action((dir, options) => perform(options, async () => (await import('./init.ts')).init(dir)))

const run = (perform: Perform) =>
  command('run', 'do the stories hold?')
    .argument('[filter...]', 'play stories whose title or file name contains one of these')
    .option('--topology <file>', 'play the stories on this topology instead of their own')
    .option('--tag <tag>', 'play stories with this tag (may be given again)', append)
    .addOption(
      new Option('--reporter <names>', `one or more of ${REPORTERS.join(',')}`).argParser(
        reportersOf,
      ),
    )
    .option('--output <file>', 'where junit and json reports go when another report is printed')
    .option(
      '--pcap <dir>',
      'write one pcapng a story into this folder, with the keys of IKE and ESP beside it',
    )
    .option('--trace', 'print one line a packet')
    .addOption(cryptoOption())
    .addOption(new Option('--shard <i/n>', 'play one of n parts').argParser(shardOf))
    .addOption(
      new Option('--repeat <n>', 'play each story n times and compare the digests')
        .argParser(timesOf)
        .default(1),
    )
    .addHelpText(
      'after',
      examples(
        'run',
        'run --tag core',
        'run "reaches the gateway" --trace',
        'run dns --pcap captures',
        'run --topology branch.ts --reporter pretty,junit',
      ),
    )
    .action((filter, options) =>
      perform(options, async (terminal) =>
        (await import('./run.ts')).run(filter, options, terminal),
      ),
    )

const check = (perform: Perform) =>
  command('check', 'what is wrong before it runs?')
    .argument('<file...>', 'topologies (.ts, .json) and ProfileXML files')
    .addOption(
      new Option('--fail-on <severity>', 'the least that makes it fail')
        .choices(SEVERITIES)
        .default('error' as const),
    )
    .option('--topology <file>', 'hold the profiles against this network')
    .addHelpText(
      'after',
      examples(
        'check topology.ts',
        'check ProfileXML.xml --fail-on warning',
        'check ProfileXML.xml --topology topology.ts --json',
      ),
    )
    .action((files, options) =>
      perform(options, async (terminal) =>
        (await import('./check.ts')).check(files, options, terminal),
      ),
    )

const probe = (perform: Perform) =>
  command('probe', 'does this packet arrive, and where does it die?')
    .argument('[topology]', TOPOLOGY)
    .requiredOption('--from <node>', 'the node that sends')
    .requiredOption('--to <target>', 'a node, an address, or a name that the sender resolves')
    .addOption(
      new Option('--udp <port>', 'a datagram').argParser(portOf).conflicts(['tcp', 'icmp', 'esp']),
    )
    .addOption(
      new Option('--tcp <port>', 'a connection').argParser(portOf).conflicts(['icmp', 'esp']),
    )
    .addOption(new Option('--icmp', 'an echo request (the default)').conflicts(['esp']))
    .option('--esp', 'an ESP packet')
    .option('--trace', 'print one line a packet')
    .addHelpText(
      'after',
      examples(
        'probe --from laptop --to gateway --udp 4500',
        'probe my-network/topology.ts --from laptop --to 203.0.113.10 --tcp 443',
      ),
    )
    .action((topology, options) =>
      perform(options, async (terminal) =>
        (await import('./probe.ts')).probe(topology, options, terminal),
      ),
    )

const resolve = (perform: Perform) =>
  command('resolve', 'what does this host see for this name, and why?')
    .argument('[topology]', TOPOLOGY)
    .argument('[name]', 'the name to ask for')
    .argument('[type]', 'record type (default: A)')
    .requiredOption('--on <node>', 'the node that asks')
    .option('--nslookup', 'ask as nslookup does, past the NRPT')
    .addHelpText(
      'after',
      examples(
        'resolve --on laptop vpn.contoso.com',
        'resolve topology.ts --on laptop _ldap._tcp.corp.contoso.com SRV',
      ),
    )
    .action((topology, name, type, options) =>
      perform(options, async (terminal) =>
        (await import('./resolve.ts')).resolve([topology, name, type], options, terminal),
      ),
    )

const chain = (perform: Perform) =>
  command('chain', 'is this certificate good, to this relying party?', 'judge at this instant')
    .argument(
      '[topology-or-leaf...]',
      'a topology; with --anchor: certificate files, the leaf first',
    )
    .option('--on <node>', 'the relying party')
    .option('--of <node>', 'whose certificate: a node, or node:certificate')
    .option(
      '--anchor <file>',
      'trust anchors: judge files (PEM, DER, PKCS #7, PKCS #12) instead of a lab (may be given again)',
      append,
    )
    .option(
      '--intermediate <file>',
      'what the relying party has itself (may be given again)',
      append,
    )
    .option(
      '--crl <file>',
      'a CRL; a relying party that looks at none is told what it says, too (may be given again)',
      append,
    )
    .option('--ocsp <file>', 'an OCSP response, as a CRL (may be given again)', append)
    .option('--password-file <file>', 'its first line opens PKCS #12; or set SALLYPORT_PASSWORD')
    .option('--name <name>', 'the name that was dialled')
    .option(
      '--as <profile>',
      'how the relying party judges (default: strict, then each of Windows)',
    )
    .addOption(new Option('--profile <profile>', 'what --as was called').hideHelp())
    .addHelpText(
      'after',
      examples(
        'chain --on laptop --of gateway:ike',
        'chain --on laptop --of gateway:ike --as ike-client --at 2028-02-01',
        'chain topology.ts --on laptop --of gateway --name vpn.example.com --json',
        'chain --anchor root.pem --name vpn.contoso.com gateway.pem issuing.pem --at 2026-03-02',
        'chain --anchor root.cer --as sstp-client --crl issuing.crl gateway.pfx --password-file pw.txt',
      ),
    )
    .action((files, options) =>
      perform(options, async (terminal) =>
        (await import('./chain.ts')).chain(
          files,
          { ...options, as: options.as ?? options.profile },
          terminal,
        ),
      ),
    )

const authenticate = (perform: Perform) =>
  command('authenticate', 'does NPS let this user in, and if not, why?')
    .argument('[topology]', TOPOLOGY)
    .option('--on <node>', 'the gateway that asks (default: the first that asks a RADIUS server)')
    .option('--client <node>', 'where the user sits: its profile and certificates count')
    .option('--user <name>', 'logon name (default: who signs in on the client)')
    .option(
      '--method <method>',
      'profile (default), peap-tls, peap-mschapv2, eap-tls, eap-mschapv2, pap, chap, ms-chap, ms-chap-v2',
    )
    .option(
      '--against <address[:port]>',
      'ask this real server, in the place of the gateway’s first',
    )
    .option('--secret-file <file>', 'its first line is the secret that the real server knows')
    .option('--expose', 'allow a server that is not on this machine')
    .addHelpText(
      'after',
      examples(
        'authenticate --client laptop',
        'authenticate --user eve --method peap-mschapv2',
        'authenticate topology.ts --on gateway --client laptop --json',
        'authenticate --client laptop --against 127.0.0.1:1812 --secret-file secret.txt',
      ),
    )
    .action((topology, options) =>
      perform(options, async (terminal) =>
        (await import('./authenticate.ts')).authenticate(topology, options, terminal),
      ),
    )

const connect = (perform: Perform) =>
  command('connect', 'does this client get its tunnel, and if not, why?')
    .argument('[topology]', TOPOLOGY)
    .option('--client <node>', 'the Windows client (default: the first that has a VPN profile)')
    .option('--tunnel <kind>', 'user (default) or device')
    .option('--user <name>', 'logon name (default: who signs in on the client)')
    .option('--network <name>', 'plug the client in there first')
    .option('--manual', 'somebody clicks on Connect: trusted networks do not count')
    .option(
      '--pcap <dir>',
      'write a pcapng into this folder, with the keys of IKE and ESP beside it',
    )
    .addOption(cryptoOption())
    .addHelpText(
      'after',
      examples(
        'connect --client laptop',
        'connect --client laptop --network hotelLan',
        'connect topology.ts --client laptop --tunnel device --json',
        'connect --client laptop --pcap captures',
      ),
    )
    .action((topology, options) =>
      perform(options, async (terminal) =>
        (await import('./connect.ts')).connect(topology, options, terminal),
      ),
    )

const read = (perform: Perform) =>
  timelessCommand('read', 'what happened in this capture of a real dial?')
    .argument('<capture>', 'a pcap or pcapng file, such as Wireshark, tcpdump and pktmon write')
    .addHelpText(
      'after',
      examples('read dial.pcapng', 'read dial.pcap --json', 'read captures/connect-laptop.pcapng'),
    )
    .action((capture, options) =>
      perform(options, async (terminal) => (await import('./read.ts')).read(capture, terminal)),
    )

const capacity = (perform: Perform) =>
  command('capacity', 'how many clients can dial at once, and what saturates first?')
    .argument('[topology]', TOPOLOGY)
    .addOption(
      new Option('--clients <n>', 'how many dial').argParser(countOf(100_000)).default(1000),
    )
    .addOption(
      new Option('--within <span>', 'they begin within 500ms, 30s, 1m')
        .argParser(spanOf)
        .default(minutes(1), '1m'),
    )
    .addOption(
      new Option('--per-site <n>', 'clients behind one NAT router')
        .argParser(countOf(200))
        .default(20),
    )
    .option('--like <node>', 'the client that they are like')
    .option('--gateway <node>', 'the gateway that they dial')
    .option('--through <node>', 'the host that routes for the Internet')
    .option('--dns <address>', 'the resolver that they ask')
    .option('--group <name>', 'the group that their users are in')
    .addOption(cryptoOption())
    .addHelpText(
      'after',
      examples(
        'capacity',
        'capacity --clients 2000 --crypto modelled',
        'capacity --like laptop --json',
      ),
    )
    .action((topology, options) =>
      perform(options, async (terminal) =>
        (await import('./capacity.ts')).capacity(topology, options, terminal),
      ),
    )

const calendar = (perform: Perform) =>
  command('calendar', 'what breaks when, and for whom?', 'look ahead from this instant')
    .argument('[topology]', TOPOLOGY)
    .addOption(
      new Option('--until <date>', 'look ahead up to this instant')
        .argParser(dateOf)
        .makeOptionMandatory(),
    )
    .option('--all', 'list what renews itself, too')
    .addHelpText(
      'after',
      examples(
        'calendar --until 2029-01-01',
        'calendar topology.ts --at 2026-06-01 --until 2046-01-01 --all',
        'calendar --until 2029-01-01 --json',
      ),
    )
    .action((topology, options) =>
      perform(options, async (terminal) =>
        (await import('./calendar.ts')).calendar(topology, options, terminal),
      ),
    )

const live = (perform: Perform) =>
  timelessCommand('live', 'let a real client or server talk to a simulated node, until Ctrl-C')
    .argument('[topology]', TOPOLOGY)
    .requiredOption('--node <node>', 'whose services answer')
    .option('--bind <address>', 'an IPv4 address of this machine', '127.0.0.1')
    .option('--expose', 'allow addresses that others can reach: the lab’s keys are public')
    .addOption(
      new Option(
        '--port <port[=real]>',
        'serve this port only, as another port of this machine with = (may be given again; 0: any that is free)',
      ).argParser(eachOf(portMappingOf)),
    )
    .addOption(
      new Option('--port-offset <n>', 'serve every port this much higher')
        .argParser(offsetOf)
        .default(0),
    )
    .addOption(
      new Option(
        '--peer <address=node>',
        'a real address, or a prefix, speaks as a node or as a simulated address (may be given again)',
      ).argParser(eachOf(peerOf)),
    )
    .addOption(
      new Option(
        '--to <node[:port]=address[:port]>',
        'what the node sends to another goes to a real server (may be given again)',
      ).argParser(eachOf(remoteOf)),
    )
    .option('--quiet', 'print no event log')
    .option(
      '--export <dir>',
      'write the lab’s certificates and private keys there, for real peers to hold',
    )
    .addHelpText(
      'after',
      examples(
        'live --node publicDns --port 53=5353',
        'live --node nps1 --port-offset 10000 --export keys',
        'live --node nps1 --bind 192.0.2.7 --expose --peer 192.0.2.8=gateway',
        'live --node gateway --port 500=10500 --to nps1:1812=127.0.0.1:11812',
      ),
    )
    .action((topology, options) =>
      perform(options, async (terminal) =>
        (await import('./live.ts')).live(topology, options, terminal),
      ),
    )

/** The version in the package.json of this very copy. */
function versionOf(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

export function programFor(perform: Perform): Command {
  const program = new Command('sallyport')
    .description(
      'A test lab for Always On VPN in one process: rehearse before anyone touches hardware.',
    )
    .version(versionOf())
    .showHelpAfterError(false)
    .addHelpText(
      'after',
      '\nExit status: 0 it holds, 1 it does not, 2 wrong use or unreadable input, 70 a bug of sallyport.',
    )
  for (const make of [
    init,
    run,
    check,
    probe,
    resolve,
    chain,
    authenticate,
    connect,
    read,
    capacity,
    calendar,
    live,
    replica,
  ]) {
    const made = make(perform)
    // Help and errors reach main() as exceptions, so that it alone decides the exit status.
    made.exitOverride()
    program.addCommand(made)
  }
  return program.exitOverride()
}
