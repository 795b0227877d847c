/**
 * The EAP configuration inside a ProfileXML (EapHostConfig): how the client checks NPS, and which of its own certificates it shows.
 * Typed values with their places; not a judgement: the relying party `peap-client` and `certificate-selection.ts` act on them.
 * Source: Microsoft's EapHostConfig, MsPeap and EapTls connection property schemas.
 */
import type { Position } from '../topology/position.ts'
import type { PromptMode } from './relying-parties/peap-client.ts'
import { serverNameComplaint } from './server-names.ts'
import { all, LIST_ENTRIES_MAX, present, type ElementReader, type Placed } from './xml-values.ts'
import type { XmlElement } from './xml.ts'

export const EAP_TLS = 13
export const PEAP = 25

export interface EapConfiguration {
  readonly at: Position
  /** 25 for PEAP, 13 for EAP-TLS alone. */
  readonly type: Placed<number>
  /** Of the outer method; absent: the configuration holds none that is read here. */
  readonly server?: ServerValidation
  /** The method inside PEAP. */
  readonly innerType?: Placed<number>
  /** EAP-TLS, inside PEAP or alone. */
  readonly tls?: EapTlsConfiguration
  readonly fastReconnect?: Placed<boolean>
  readonly requireCryptoBinding?: Placed<boolean>
}

export interface EapTlsConfiguration {
  readonly at: Position
  /** A smart card, or a store of certificates. */
  readonly credentials: 'certificate-store' | 'smart-card'
  readonly simpleCertSelection?: Placed<boolean>
  readonly server?: ServerValidation
  /** FilteringInfo of TLSExtensions; absent: any certificate for client authentication. */
  readonly filter?: CertificateFilter
}

/** How a server's certificate is checked. */
export interface ServerValidation {
  readonly at: Position
  /** PerformServerValidation; absent in the file: true. */
  readonly performs: boolean
  /** AcceptServerName; absent in the file: true. */
  readonly acceptsServerName: boolean
  readonly prompt: PromptMode
  /** Split at `;` and nowhere else: a blank belongs to its name, as it does to Windows. */
  readonly serverNames: readonly Placed<string>[]
  /** Thumbprints, lower-case hexadecimal. */
  readonly trustedRoots: readonly Placed<string>[]
}

/** Which certificates may be shown. A certificate must have one of the issuers, and one of the purposes. */
export interface CertificateFilter {
  /** CAHashList: thumbprints of authorities, one of which stands in the chain. */
  readonly issuers?: readonly string[]
  /** AllPurposeEnabled: no extKeyUsage, or the purpose 0. */
  readonly allPurpose: boolean
  /** ClientAuthEKUList: Client Authentication and all of these OIDs; `.*` at the end stands for a subtree. */
  readonly clientAuth?: readonly string[]
  /** AnyPurposeEKUList: AnyPurpose and all of these. */
  readonly anyPurpose?: readonly string[]
}

/** What an EapHostConfig says; undefined: it names no method, which is a problem. */
export function readEapConfiguration(
  host: XmlElement,
  read: ElementReader,
): EapConfiguration | undefined {
  const method = descend(host, 'EapMethod')
  if (method === undefined) {
    read.problem(
      'missing',
      host.at,
      '<EapHostConfig> needs an <EapMethod>',
      'EapHostConfig/EapMethod',
    )
    return undefined
  }
  const type = requiredNumber(method, read)
  const eap = descend(host, 'Config', 'Eap')
  const properties = eap && descend(eap, 'EapType')
  if (eap !== undefined) disagreement(type, requiredNumber(eap, read), read)
  const base = { at: host.at, type }
  if (properties === undefined) return base
  if (type.value === EAP_TLS) {
    const tls = readTls(properties, read)
    return { ...base, tls, ...present('server', tls.server) }
  }
  return type.value === PEAP ? { ...base, ...readPeap(properties, read) } : base
}

/** The first element down a way of names. */
const descend = (from: XmlElement, ...names: readonly string[]): XmlElement | undefined =>
  names.reduce<XmlElement | undefined>((at, name) => at && all(at, name)[0], from)

function requiredNumber(parent: XmlElement, read: ElementReader): Placed<number> {
  read.required(parent, 'Type')
  return read.number(parent, 'Type', { most: 255 }) ?? { value: 0, at: parent.at }
}

function disagreement(outer: Placed<number>, inner: Placed<number>, read: ElementReader): void {
  // What is no type at all was complained of where it was read.
  if (outer.value === inner.value || !(outer.value > 0) || !(inner.value > 0)) return
  const message = `<Type> is ${inner.value} here and ${outer.value} in <EapMethod>`
  read.problem('bad-value', inner.at, message, 'Eap/Type')
}

function readPeap(
  properties: XmlElement,
  read: ElementReader,
): Omit<EapConfiguration, 'at' | 'type'> {
  const inner = descend(properties, 'Eap')
  const innerType = inner && requiredNumber(inner, read)
  const tls = inner && innerType?.value === EAP_TLS ? descend(inner, 'EapType') : undefined
  const extensions = descend(properties, 'PeapExtensions') ?? properties
  const asks = descend(extensions, 'PeapExtensionsV2')
  const mayAskForRoot = asks && read.flag(asks, 'AllowPromptingWhenServerCANotFound')
  return {
    ...present('server', readServer(properties, extensions, read, mayAskForRoot?.value)),
    ...present('innerType', innerType),
    ...present('tls', tls && readTls(tls, read)),
    ...present('fastReconnect', read.flag(properties, 'FastReconnect')),
    ...present('requireCryptoBinding', read.flag(properties, 'RequireCryptoBinding')),
  }
}

function readTls(properties: XmlElement, read: ElementReader): EapTlsConfiguration {
  const source = descend(properties, 'CredentialsSource')
  const store = source && descend(source, 'CertificateStore')
  const isCard = source !== undefined && descend(source, 'SmartCard') !== undefined
  const filtering = descend(properties, 'TLSExtensions', 'FilteringInfo')
  return {
    at: properties.at,
    credentials: isCard ? 'smart-card' : 'certificate-store',
    ...present('simpleCertSelection', store && read.flag(store, 'SimpleCertSelection')),
    ...present('server', readServer(properties, properties, read)),
    ...present('filter', filtering && readFilter(filtering, read)),
  }
}

/** `switches`: where PerformServerValidation and AcceptServerName stand, which PEAP keeps among its extensions. */
function readServer(
  properties: XmlElement,
  switches: XmlElement,
  read: ElementReader,
  mayAskForRoot = false,
): ServerValidation | undefined {
  const validation = descend(properties, 'ServerValidation')
  const performs = read.flag(switches, 'PerformServerValidation')
  const accepts = read.flag(switches, 'AcceptServerName')
  if (validation === undefined && performs === undefined) return undefined
  const never = validation && read.flag(validation, 'DisableUserPromptForServerValidation')
  return {
    at: validation?.at ?? properties.at,
    performs: performs?.value ?? true,
    acceptsServerName: accepts?.value ?? true,
    prompt:
      never?.value === true ? 'never' : mayAskForRoot ? 'if-not-verified' : 'if-not-specified',
    serverNames: validation === undefined ? [] : readServerNames(validation, read),
    trustedRoots: validation === undefined ? [] : thumbprintsIn(validation, 'TrustedRootCA', read),
  }
}

function readServerNames(validation: XmlElement, read: ElementReader): readonly Placed<string>[] {
  const written = read.text(validation, 'ServerNames')
  if (written === undefined || written.value === '') return []
  const names = written.value
    .split(';')
    .filter((name) => name !== '')
    .slice(0, LIST_ENTRIES_MAX)
  for (const name of names) {
    const complaint = serverNameComplaint(name)
    if (complaint === undefined) continue
    const message = `server name '${name}' ${complaint}: it matches no certificate`
    read.notes.push({ code: 'server-name', at: written.at, message })
  }
  return names.map((value) => ({ value, at: written.at }))
}

const THUMBPRINT = /^[0-9a-f]{40}$/

/** SHA-1 in hexadecimal, with or without blanks between the bytes. */
function thumbprintsIn(
  parent: XmlElement,
  name: string,
  read: ElementReader,
): readonly Placed<string>[] {
  return all(parent, name).flatMap((element) => {
    const value = element.text.replace(/\s+/g, '').toLowerCase()
    // Windows exports an empty element where no root was chosen.
    if (value === '') return []
    if (!THUMBPRINT.test(value)) {
      const message = `<${name}> is not a thumbprint: 20 bytes in hexadecimal`
      read.problem('bad-value', element.textAt, message, `${parent.name}/${name}`)
    }
    return [{ value, at: element.textAt }]
  })
}

function readFilter(filtering: XmlElement, read: ElementReader): CertificateFilter {
  const known = new Map<string, string>()
  const mapping = descend(filtering, 'EKUMapping')
  for (const map of mapping === undefined ? [] : all(mapping, 'EKUMap')) {
    known.set(read.required(map, 'EKUName').value, ekuOid(read.required(map, 'EKUOID'), read))
  }
  const issuers = enabled(filtering, 'CAHashList')
  const clientAuth = enabled(filtering, 'ClientAuthEKUList')
  const anyPurpose = enabled(filtering, 'AnyPurposeEKUList')
  return {
    allPurpose: read.flag(filtering, 'AllPurposeEnabled')?.value === true,
    ...(issuers && {
      issuers: thumbprintsIn(issuers, 'IssuerHash', read).map(({ value }) => value),
    }),
    ...(clientAuth && { clientAuth: ekusIn(clientAuth, known, read) }),
    ...(anyPurpose && { anyPurpose: ekusIn(anyPurpose, known, read) }),
  }
}

const enabled = (parent: XmlElement, name: string): XmlElement | undefined =>
  all(parent, name).find(({ attributes }) =>
    attributes.some(
      (attribute) => attribute.name === 'Enabled' && /^(true|1)$/i.test(attribute.value.trim()),
    ),
  )

function ekuOid({ value, at }: Placed<string>, read: ElementReader): string {
  if (value !== '' && !/^\d+(\.\d+)*(\.\*)?$/.test(value)) {
    const message = `<EKUOID> is '${value}', not an OID, or one that ends in .*`
    read.problem('bad-value', at, message, 'EKUMap/EKUOID')
  }
  return value
}

function ekusIn(
  list: XmlElement,
  known: ReadonlyMap<string, string>,
  read: ElementReader,
): readonly string[] {
  return all(list, 'EKUMapInList').flatMap((entry) => {
    const name = read.required(entry, 'EKUName')
    const oid = known.get(name.value)
    if (oid !== undefined) return [oid]
    if (name.value !== '') {
      const message = `no <EKUMap> gives an OID for '${name.value}'`
      read.problem('bad-value', name.at, message, 'EKUMapInList/EKUName')
    }
    return []
  })
}
