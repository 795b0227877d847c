/**
 * The web servers of a node as the files that nginx loads: pages, what authorities publish there, HTTPS with a certificate of the node.
 * Not a launcher: whoever writes the files starts `nginx -c nginx.conf`. What nginx cannot say is returned as lines for people.
 */
import type { Instant } from '../../base/time.ts'
import type { Compiled } from '../../lab/compile.ts'
import { ipNodeOf } from '../../lab/inventory.ts'
import { pemOf } from '../../pki/encoding/pem.ts'
import type { WebServerSpec } from '../../topology/services.ts'
import type { RenderedFile } from './named.ts'

export interface NginxServer {
  readonly compiled: Compiled
  readonly node: string
  /** Absolute path of the folder that will hold the files. */
  readonly directory: string
  /** As of when certificates and lists are; default the topology's start. */
  readonly at?: Instant
}

/** What an authority publishes is in no text, and changes with the day. */
export interface PublishedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface NginxFiles {
  /** `nginx.conf` first. */
  readonly files: readonly RenderedFile[]
  readonly published: readonly PublishedFile[]
  /** What these servers do and nginx cannot be told, one line each. */
  readonly notRendered: readonly string[]
}

/** A path that is answered, the file that answers it, and as what. */
interface Location {
  readonly path: string
  readonly file: string
  readonly type: string
}

type Lines = readonly string[]
const block = (head: string, ...items: readonly (string | Lines)[]): Lines => [
  `${head} {`,
  ...items.flat().map((line) => `  ${line}`),
  '}',
]

/** In double quotes, where a backslash escapes. */
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
const isWritable = (text: string): boolean => !/\p{Cc}/u.test(text)

/** Render the web servers of a node. RangeError: it has none. */
export function renderNginx(server: NginxServer): NginxFiles {
  const { compiled, node, directory } = server
  const { pki, topology, start } = compiled
  const at = server.at ?? start
  const specs = (ipNodeOf(topology, node)?.services ?? []).filter(
    (service): service is WebServerSpec => service.service === 'web-server',
  )
  if (specs.length === 0) throw new RangeError(`${node} has no web server that could be rendered`)
  // One file may be published at several URLs that differ in the host alone.
  const publications = firstOfEach(pki.publications().filter((each) => each.node === node))
  const published = publications.map(({ path, contentType }, place) => ({
    path,
    type: contentType,
    file: `published/${place + 1}`,
  }))
  const sites = specs.map((spec, place) => siteOf(server, spec, place + 1))
  const served = sites.filter(({ isServed }) => isServed)
  const conf = [
    'daemon off;',
    'worker_processes 1;',
    `pid ${quoted(`${directory}/nginx.pid`)};`,
    'error_log stderr;',
    ...block('events', 'worker_connections 256;'),
    ...block(
      'http',
      'server_tokens off;',
      'access_log off;',
      ...served.map(({ listen, locations }) =>
        block(
          'server',
          listen,
          `root ${quoted(directory)};`,
          ...firstOfEach([...locations, ...published])
            .filter(({ path }) => isWritable(path))
            .map(location),
          block('location /', 'return 404;'),
        ),
      ),
    ),
  ]
  return {
    files: [
      { name: 'nginx.conf', text: `${conf.join('\n')}\n` },
      ...served.flatMap(({ files }) => files),
    ],
    published: publications.map((each, place) => ({
      name: published[place]!.file,
      bytes: each.bytes(at),
    })),
    notRendered: [
      ...sites.flatMap(({ notRendered }) => notRendered),
      ...[...served.flatMap(({ locations }) => locations), ...published]
        .filter(({ path }) => !isWritable(path))
        .map(({ path }) => `no page at ${JSON.stringify(path)}: control characters`),
      ...pki
        .responders()
        .filter((each) => each.node === node)
        .map(({ path }) => `no OCSP responder at ${path}`),
    ],
  }
}

/** A path may have but one location: a page goes before what is published there. */
const firstOfEach = <T extends { readonly path: string }>(all: readonly T[]): readonly T[] => [
  ...new Map(all.toReversed().map((each) => [each.path, each])).values(),
]

/** `try_files` finds the file though the path may end with a slash, where nginx would look for a folder's index. */
const location = ({ path, file, type }: Location): Lines =>
  block(
    `location = ${quoted(path)}`,
    'types { }',
    `default_type ${type};`,
    `try_files /${file} =404;`,
  )

interface Site {
  readonly isServed: boolean
  readonly listen: Lines
  readonly locations: readonly Location[]
  readonly files: readonly RenderedFile[]
  readonly notRendered: readonly string[]
}

function siteOf({ compiled, node, at }: NginxServer, spec: WebServerSpec, number: number): Site {
  const { certificate, pages = {}, port = certificate === undefined ? 80 : 443 } = spec
  const texts = Object.entries(pages).map(([path, text], place) => ({
    path,
    text,
    file: `pages/${number}-${place + 1}`,
  }))
  const common = {
    locations: texts.map(({ path, file }) => ({ path, file, type: 'text/plain' })),
    notRendered: [],
  }
  const files = texts.map(({ file, text }): RenderedFile => ({ name: file, text }))
  if (certificate === undefined) {
    return { ...common, isServed: true, listen: [`listen ${port};`], files }
  }
  const held = compiled.pki.certificate(node, certificate, at ?? compiled.start)
  if (held === undefined) {
    const why = `port ${port} is closed: ${node} does not hold the certificate ${certificate}`
    return { ...common, isServed: false, listen: [], files: [], notRendered: [why] }
  }
  const chain = [held.certificate, ...held.chain]
  return {
    ...common,
    isServed: true,
    listen: [
      `listen ${port} ssl;`,
      `ssl_certificate site-${number}.pem;`,
      `ssl_certificate_key site-${number}.key;`,
    ],
    files: [
      ...files,
      {
        name: `site-${number}.pem`,
        text: chain.map(({ der }) => pemOf('CERTIFICATE', der)).join(''),
        isMadeAtStart: true,
      },
      {
        name: `site-${number}.key`,
        text: held.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        isMadeAtStart: true,
      },
    ],
  }
}
