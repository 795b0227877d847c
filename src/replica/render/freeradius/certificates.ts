/**
 * The files of certificates that FreeRADIUS's TLS reads: what NPS shows, what it trusts, and the lists of what was revoked.
 * Not a judge and no fetcher: lists are those published at `at`, of the authorities that publish any.
 */
import type { Instant } from '../../../base/time.ts'
import type { Compiled } from '../../../lab/compile.ts'
import type { Certificate } from '../../../pki/certificate/certificate.ts'
import type { RenderedFile } from '../named.ts'

const BASE64_LINE = /.{1,64}/g

function pem(label: string, der: Uint8Array): string {
  const body = Buffer.from(der).toString('base64').match(BASE64_LINE) ?? []
  return [`-----BEGIN ${label}-----`, ...body, `-----END ${label}-----`, ''].join('\n')
}

const certificatePem = ({ der }: Certificate): string => pem('CERTIFICATE', der)

/** A certificate of the node with its chain, and its key in a file of its own. Undefined: the node holds none of that name. */
export function identityFiles(
  { pki }: Compiled,
  of: { readonly node: string; readonly name: string; readonly at: Instant },
  file: string,
): readonly RenderedFile[] | undefined {
  const held = pki.certificate(of.node, of.name, of.at)
  if (held === undefined) return undefined
  return [
    {
      name: `${file}.pem`,
      text: [held.certificate, ...held.chain].map(certificatePem).join(''),
      isMadeAtStart: true,
    },
    {
      name: `${file}.key`,
      text: held.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      isMadeAtStart: true,
    },
  ]
}

/**
 * The roots that the node trusts and the revocation lists: one file, as OpenSSL reads it. FreeRADIUS takes whatever certificate is in it
 * for an anchor, so intermediates are not. An authority whose list nobody can fetch has none there: what it issued cannot be checked.
 */
export function trustFile(
  compiled: Compiled,
  node: string,
  at: Instant,
  file: string,
): RenderedFile {
  const { pki, topology } = compiled
  const spec = topology.nodes[node]
  const roots = (spec === undefined || spec.kind === 'switch' ? [] : (spec.trusts ?? [])).flatMap(
    (key) => pki.authorityCertificates(key, at),
  )
  const published = Object.entries(topology.authorities).filter(
    ([, { crlUrls = [], publishedOn }]) => crlUrls.length > 0 && publishedOn !== undefined,
  )
  const lists = published.flatMap(([key, { renewals = [] }]) =>
    [undefined, ...renewals]
      .filter((renewal) => renewal === undefined || renewal.key === 'new')
      .flatMap((_, keyIndex) => {
        const list = pki.crl(key, at, keyIndex)
        return list === undefined ? [] : [pem('X509 CRL', list)]
      }),
  )
  return {
    name: file,
    text: [...roots.map(certificatePem), ...lists].join(''),
    isMadeAtStart: true,
  }
}

/** How FreeRADIUS writes the key identifier of each authority in NTAuth: `AB:CD:…`. An authority without one is not told. */
export const ntAuthKeyIds = (compiled: Compiled, at: Instant): readonly string[] => [
  ...new Set(
    compiled
      .ntAuth(at)
      .flatMap(({ subjectKeyId }) => (subjectKeyId === undefined ? [] : [colons(subjectKeyId)])),
  ),
]

const colons = (bytes: Uint8Array): string =>
  (Buffer.from(bytes).toString('hex').toUpperCase().match(/../g) ?? []).join(':')
