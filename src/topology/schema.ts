/**
 * The shape of a topology for zod: which keys, which kinds of value, which ranges. One description serves both forms, the data that
 * `topology()` makes and the JSON that people write; they differ in durations, files, networks and interfaces only.
 * Not the meaning: whether names exist and addresses are addresses is `validate.ts`.
 */
import { z } from 'zod'
import type { Duration } from '../base/time.ts'
import type { SourceFile } from './files.ts'
import type { FilterSpec, NatRouterSpec, NatRuleSpec, RuleSpec } from './firewall.ts'
import type { AuthoritySpec } from './pki.ts'
import { certificateShape, directoryShape, templateShape } from './schema-directory.ts'
import type { RevocationSpec } from './revocation.ts'
import { gatewayShape, vpnClientShape } from './schema-gateway.ts'
import { npsShape } from './schema-nps.ts'
import { flag, mirrorSource, opt, text, texts } from './schema-words.ts'
import type { ServiceSpec } from './services.ts'
import type { InterfaceSpec, NetworkSpec, NodeSpec, ZoneSpec } from './topology.ts'

/** How the two forms write what differs. */
export interface Forms {
  readonly duration: z.ZodType<Duration>
  readonly file: z.ZodType<SourceFile>
  /** Wraps the description of a network; JSON also takes the bare prefix. */
  readonly network: (whole: z.ZodType<NetworkSpec>) => z.ZodType<NetworkSpec>
  /** Wraps the description of an interface to that of all of a node's; JSON also takes a map by network. */
  readonly interfaces: (whole: typeof interfaceShape) => z.ZodType<readonly InterfaceSpec[]>
}

const port = z.int().min(1).max(65_535)
const anyPort = z.int().min(0).max(65_535)
const portMatch = z.union([anyPort, z.tuple([anyPort, anyPort])]).meta({ id: 'portMatch' })
const portMatches = z.array(portMatch)
const protocol = z
  .union([z.enum(['icmp', 'tcp', 'udp', 'gre', 'esp', 'ah']), z.int().min(0).max(255)])
  .meta({ id: 'protocol' })
const octet = z.int().min(0).max(255)
const oneOrMore = z.union([text, texts])

const rejectWith = z.enum([
  'port-unreachable',
  'host-unreachable',
  'net-unreachable',
  'proto-unreachable',
  'host-prohibited',
  'net-prohibited',
  'admin-prohibited',
  'tcp-reset',
])

const tcpFlags = z.array(z.enum(['fin', 'syn', 'rst', 'psh', 'ack', 'urg']))

const rule: z.ZodType<RuleSpec> = z
  .strictObject({
    name: text,
    id: opt(text),
    hook: opt(z.enum(['forward', 'input', 'output'])),
    verdict: z.union([
      z.enum(['accept', 'drop', 'continue']),
      z.strictObject({ reject: rejectWith }),
    ]),
    from: opt(text),
    to: opt(text),
    source: opt(oneOrMore),
    destination: opt(oneOrMore),
    protocol: opt(protocol),
    udp: opt(portMatches),
    tcp: opt(portMatches),
    sourcePorts: opt(portMatches),
    icmp: opt(z.array(z.union([octet, z.tuple([octet, octet])]))),
    tcpFlags: opt(z.strictObject({ mask: tcpFlags, set: tcpFlags })),
    state: opt(z.array(z.enum(['new', 'established', 'related', 'invalid']))),
    log: opt(flag),
  })
  .meta({ id: 'rule' })

const natMatch = {
  name: text,
  id: opt(text),
  from: opt(text),
  to: opt(text),
  source: opt(text),
  destination: opt(text),
  protocol: opt(protocol),
  udp: opt(portMatches),
  tcp: opt(portMatches),
}
const toPorts = z.tuple([port, port])

const natRule: z.ZodType<NatRuleSpec> = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('dnat'),
      ...natMatch,
      toAddress: text,
      toPort: opt(port),
    }),
    z.strictObject({
      kind: z.literal('snat'),
      ...natMatch,
      toAddress: text,
      toPorts: opt(toPorts),
    }),
    z.strictObject({ kind: z.literal('masquerade'), ...natMatch, toPorts: opt(toPorts) }),
  ])
  .meta({ id: 'natRule' })

const policy = z.strictObject({ name: text, verdict: z.enum(['accept', 'drop']) })

function filterShape(duration: Forms['duration']): z.ZodType<FilterSpec> {
  return z.strictObject({
    zones: opt(z.record(text, texts)),
    rules: z.array(rule),
    otherwise: opt(
      z.strictObject({ forward: opt(policy), input: opt(policy), output: opt(policy) }),
    ),
    nat: opt(z.array(natRule)),
    sessions: opt(
      z.strictObject({
        udp: opt(duration),
        udpStream: opt(duration),
        icmp: opt(duration),
        generic: opt(duration),
        tcpSynSent: opt(duration),
        tcpSynReceived: opt(duration),
        tcpEstablished: opt(duration),
        tcpFinWait: opt(duration),
        tcpCloseWait: opt(duration),
        tcpLastAck: opt(duration),
        tcpTimeWait: opt(duration),
        tcpClose: opt(duration),
      }),
    ),
  })
}

function natRouterShape(duration: Forms['duration']): z.ZodType<NatRouterSpec> {
  const behaviour = z.enum([
    'endpoint-independent',
    'address-dependent',
    'address-and-port-dependent',
  ])
  return z.strictObject({
    outside: text,
    mapping: opt(behaviour),
    filtering: opt(behaviour),
    hairpinning: opt(flag),
    timeouts: opt(z.strictObject({ udp: opt(duration), tcp: opt(duration), icmp: opt(duration) })),
    forwards: opt(
      z.array(
        z.strictObject({
          name: text,
          udp: opt(port),
          tcp: opt(port),
          toAddress: text,
          toPort: opt(port),
        }),
      ),
    ),
    blocks: opt(
      z.array(
        z.strictObject({
          name: text,
          protocol,
          ports: opt(portMatches),
          exceptPorts: opt(portMatches),
        }),
      ),
    ),
    dropsFragments: opt(flag),
  })
}

const dnsServer = z.strictObject({
  service: z.literal('dns-server'),
  zones: opt(texts),
  recursion: opt(flag),
  forwarders: opt(texts),
  conditionalForwarders: opt(z.record(text, texts)),
  rootHints: opt(texts),
  scopes: opt(z.record(text, text)),
  policies: opt(
    z.array(
      z.strictObject({
        name: text,
        action: z.enum(['allow', 'deny', 'ignore']),
        clientSubnet: opt(text),
        serverInterface: opt(text),
        fqdn: opt(text),
        scope: opt(text),
        recursion: opt(flag),
      }),
    ),
  ),
})

function serviceShape(duration: Forms['duration']): z.ZodType<ServiceSpec> {
  return z.discriminatedUnion('service', [
    dnsServer,
    z.strictObject({
      service: z.literal('dhcp-server'),
      network: text,
      pool: z.tuple([text, text]),
      router: opt(text),
      dns: opt(texts),
      suffix: opt(text),
      lease: opt(duration),
    }),
    z.strictObject({ service: z.literal('dhcp-relay'), network: text, servers: texts }),
    z.strictObject({
      service: z.literal('web-server'),
      port: opt(port),
      certificate: opt(text),
      pages: opt(z.record(text, text)),
    }),
    z.strictObject({
      service: z.literal('listener'),
      name: text,
      udp: opt(z.array(port)),
      tcp: opt(z.array(port)),
      speaks: opt(z.enum(['ike', 'radius', 'echo', 'silent'])),
    }),
    gatewayShape(duration),
    npsShape(duration),
    z.strictObject({ service: z.literal('domain-controller'), globalCatalog: opt(flag) }),
  ])
}

function authorityShape(duration: Forms['duration']): z.ZodType<AuthoritySpec> {
  return z.strictObject({
    subject: text,
    issuer: opt(text),
    validFrom: opt(duration),
    validFor: duration,
    crlUrls: opt(texts),
    aiaUrls: opt(texts),
    publishedOn: opt(text),
    crl: opt(
      z.strictObject({
        thisUpdate: opt(duration),
        validFor: opt(duration),
        every: opt(duration),
        overlap: opt(duration),
        delta: opt(z.strictObject({ every: duration, overlap: opt(duration), urls: opt(texts) })),
      }),
    ),
    ocsp: opt(
      z.strictObject({
        urls: texts,
        publishedOn: opt(text),
        validFor: opt(duration),
        signer: opt(z.enum(['delegate', 'authority'])),
        signerValidFor: opt(duration),
        nonces: opt(flag),
        fails: opt(z.enum(['internalError', 'tryLater', 'unauthorized'])),
      }),
    ),
    pathLength: opt(z.int().min(0)),
    mirrors: opt(mirrorSource),
    templates: opt(texts),
    requesters: opt(texts),
    runsOn: opt(text),
    sidExtension: opt(flag),
    maximumValidity: opt(duration),
    renewals: opt(
      z.array(
        z.strictObject({
          at: duration,
          key: z.enum(['same', 'new']),
          validFor: opt(duration),
        }),
      ),
    ),
  })
}

const interfaceShape = z.strictObject({
  network: text,
  address: text,
  alsoAt: opt(texts),
  gateway: opt(text),
  dns: opt(texts),
  suffix: opt(text),
  metric: opt(z.int().min(0).max(9999)),
  category: opt(z.enum(['public', 'private', 'domain'])),
}) satisfies z.ZodType<InterfaceSpec>

function networkShape(duration: Forms['duration']): z.ZodType<NetworkSpec> {
  return z.strictObject({
    prefix: text,
    vlan: opt(z.int().min(1).max(4094)),
    latency: opt(duration),
    jitter: opt(duration),
    loss: opt(z.number().min(0).max(1)),
    bandwidth: opt(z.number().min(1)),
    queue: opt(z.int().min(1)),
    // RFC 791 §3.2: every module must forward 68 octets without fragmentation.
    mtu: opt(z.int().min(68).max(65_535)),
  })
}

const npsRevocation = z.strictObject({
  ignoreNoRevocationCheck: opt(flag),
  ignoreRevocationOffline: opt(flag),
  noRevocationCheck: opt(flag),
  noRootRevocationCheck: opt(flag),
})

const revocation: z.ZodType<RevocationSpec> = z.strictObject({
  nps: opt(z.strictObject({ eapTls: opt(npsRevocation), peap: opt(npsRevocation) })),
  certAuthFlags: opt(z.int().min(0).max(0xffff_ffff)),
  certValidationLevel: opt(z.enum(['None', 'AttemptCrlCheck', 'RequireCrlCheck'])),
  noCertRevocationCheck: opt(flag),
})

function nodeShape({ duration, file, interfaces }: Forms): z.ZodType<NodeSpec> {
  const metric = z.int().min(0).max(9999)
  const ipNode = {
    interfaces: interfaces(interfaceShape),
    routes: opt(z.array(z.strictObject({ to: text, via: text, metric: opt(metric) }))),
    services: opt(z.array(serviceShape(duration))),
    os: opt(
      z.enum([
        'windows-10',
        'windows-11-21h2',
        'windows-11',
        'windows-server-2019',
        'windows-server-2022',
        'windows-server-2025',
        'linux',
      ]),
    ),
    clock: opt(z.strictObject({ offset: opt(duration), driftPpm: opt(z.number()) })),
    certificates: opt(z.array(certificateShape(duration))),
    trusts: opt(texts),
    intermediates: opt(texts),
    distrusts: opt(texts),
    revocation: opt(revocation),
  }
  return z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('host'),
      ...ipNode,
      forwards: opt(flag),
      firewall: opt(filterShape(duration)),
      profiles: opt(z.strictObject({ user: opt(file), device: opt(file) })),
      vpnClient: opt(vpnClientShape(duration)),
      roams: opt(texts),
      groupPolicyNrpt: opt(z.array(z.strictObject({ namespace: text, servers: opt(texts) }))),
      suffixSearchList: opt(texts),
      users: opt(texts),
    }),
    z.strictObject({ kind: z.literal('firewall'), ...ipNode, filter: filterShape(duration) }),
    z.strictObject({ kind: z.literal('nat-router'), ...ipNode, nat: natRouterShape(duration) }),
    z.strictObject({
      kind: z.literal('switch'),
      networks: texts,
      trunks: z.array(z.strictObject({ to: text, allows: texts })),
    }),
  ])
}

/** The keys of both forms. */
export const parts = (forms: Forms) => ({
  name: text.min(1),
  description: opt(text),
  start: text,
  networks: z.record(text, forms.network(networkShape(forms.duration))),
  zones: z.record(text, z.strictObject({ origin: text, file: forms.file })) satisfies z.ZodType<
    Record<string, ZoneSpec>
  >,
  authorities: z.record(text, authorityShape(forms.duration)),
  templates: opt(z.record(text, templateShape(forms.duration))),
  directory: opt(directoryShape(forms.duration)),
  nodes: z.record(text, nodeShape(forms)),
})

const wholeMicroseconds = z.custom<Duration>((value) => Number.isSafeInteger(value), {
  error: 'is not a duration: write ms(20), seconds(3), minutes(5), hours(8) or days(366)',
})
const readFile = z.custom<SourceFile>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    'path' in value &&
    typeof value.path === 'string' &&
    'text' in value &&
    typeof value.text === 'string',
  { error: "is not a file: write sourceFile(import.meta.url, './name')" },
)

/** The data that `topology()` makes. */
export const topologyShape = z.strictObject(
  parts({
    duration: wholeMicroseconds,
    file: readFile,
    network: (whole) => whole,
    interfaces: (whole) => z.array(whole),
  }),
)
