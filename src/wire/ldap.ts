/**
 * LDAP version 3 (RFC 4511), as far as a member asks its domain controller: bind, search, unbind, and their answers.
 * Not a client and not a server. Controls are passed over; other operations are read as what they are, by their tag.
 */
import { concat } from '../base/bytes.ts'
import { rememberEach } from '../base/remember.ts'
import { err, type Result } from '../base/result.ts'
import {
  BackwardWriter,
  BER,
  contentsOf,
  elementLength,
  enter,
  readInteger,
  readName,
  readTag,
  readTagged,
  readText,
  within,
} from './ber.ts'
import { decoder, type Reader, type WireError } from './codec.ts'
import { readFilter, writeFilter, type LdapFilter } from './ldap-filter.ts'

export const LDAP_PORT = 389
export const GLOBAL_CATALOG_PORT = 3268

/** RFC 4511 §4.1.9 and appendix A, those that are given or met here. */
export const LdapResultCode = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  authMethodNotSupported: 7,
  saslBindInProgress: 14,
  noSuchObject: 32,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  unwillingToPerform: 53,
} as const

export interface LdapResult {
  readonly resultCode: number
  readonly matchedDn: string
  readonly diagnosticMessage: string
}

export type LdapScope = 'base' | 'one' | 'subtree'
const SCOPES: readonly LdapScope[] = ['base', 'one', 'subtree']

export interface LdapAttribute {
  readonly type: string
  readonly values: readonly Uint8Array[]
}

export type LdapOperation =
  | {
      readonly kind: 'bind-request'
      readonly version: number
      /** Empty: anonymous, or the mechanism says who it is. */
      readonly name: string
      readonly authentication: LdapAuthentication
    }
  | (LdapResult & {
      readonly kind: 'bind-response'
      readonly serverSaslCredentials?: Uint8Array
    })
  | { readonly kind: 'unbind-request' }
  | {
      readonly kind: 'search-request'
      readonly base: string
      readonly scope: LdapScope
      /** Entries at most; 0: no limit. */
      readonly sizeLimit: number
      /** Seconds at most; 0: no limit. */
      readonly timeLimit: number
      readonly filter: LdapFilter
      /** Empty: all. */
      readonly attributes: readonly string[]
    }
  | {
      readonly kind: 'search-entry'
      readonly dn: string
      readonly attributes: readonly LdapAttribute[]
    }
  | (LdapResult & { readonly kind: 'search-done' })
  /** Any other operation, by its tag. */
  | { readonly kind: 'other'; readonly tag: number }

export type LdapAuthentication =
  /** The password travels as it is: not a field, or it would stand in reports. */
  | { readonly method: 'simple' }
  | {
      readonly method: 'sasl'
      readonly mechanism: string
      readonly credentials?: Uint8Array
    }

export interface LdapMessage {
  readonly id: number
  readonly operation: LdapOperation
}

/** [APPLICATION n], constructed but for the unbind, which is NULL. */
const TAG = {
  bindRequest: 0x60,
  bindResponse: 0x61,
  unbindRequest: 0x42,
  searchRequest: 0x63,
  searchEntry: 0x64,
  searchDone: 0x65,
} as const
const CONTROLS = 0xa0
const SIMPLE = 0x80
const SASL = 0xa3
const SERVER_SASL_CREDENTIALS = 0x87

const RFC = 'RFC 4511 §4'
const NOTHING: Uint8Array = new Uint8Array()

export const decodeLdap = decoder<LdapMessage>('ldap', (r) => {
  const whole = enter(r, BER.sequence, 'LDAPMessage')
  const id = readInteger(r, 'messageID')
  if (id < 0) r.reject('bad-value', 'messageID', `${RFC}.1.1.1`)
  const tag = readTag(r, 'protocolOp')
  const message = within(r, 'protocolOp')
  const operation = readOperation(tag, r)
  r.leave(message)
  if (r.remaining > 0) readTagged(r, CONTROLS, 'controls')
  end(r)
  r.leave(whole)
  return { id, operation }
})

function end(r: Reader): void {
  if (r.remaining > 0) r.reject('trailing-bytes', 'protocolOp', RFC)
}

function readOperation(tag: number, r: Reader): LdapOperation {
  switch (tag) {
    case TAG.bindRequest:
      return readBind(r)
    case TAG.bindResponse: {
      const result = readResult(r)
      // A referral may stand before the credentials, and is passed over.
      const isOurs = r.remaining > 0 && readTag(r, 'serverSaslCreds') === SERVER_SASL_CREDENTIALS
      return {
        kind: 'bind-response',
        ...result,
        ...(isOurs && { serverSaslCredentials: contentsOf(r, 'serverSaslCreds') }),
      }
    }
    case TAG.unbindRequest:
      end(r)
      return { kind: 'unbind-request' }
    case TAG.searchRequest:
      return readSearch(r)
    case TAG.searchEntry:
      return readEntry(r)
    case TAG.searchDone:
      return { kind: 'search-done', ...readResult(r) }
    default:
      return { kind: 'other', tag }
  }
}

function readBind(r: Reader): LdapOperation {
  const version = readInteger(r, 'version')
  const name = readText(r, 'name')
  const tag = readTag(r, 'authentication')
  const contents = within(r, 'authentication')
  const authentication = readAuthentication(tag, r)
  r.leave(contents)
  end(r)
  return { kind: 'bind-request', version, name, authentication }
}

function readAuthentication(tag: number, r: Reader): LdapAuthentication {
  if (tag === SIMPLE) return { method: 'simple' }
  if (tag !== SASL) r.reject('bad-value', 'authentication', `${RFC}.2`)
  const mechanism = readText(r, 'mechanism')
  const credentials = r.remaining > 0 && readTagged(r, BER.octetString, 'credentials')
  end(r)
  return { method: 'sasl', mechanism, ...(credentials !== false && { credentials }) }
}

function readResult(r: Reader): LdapResult {
  return {
    resultCode: readInteger(r, 'resultCode', BER.enumerated),
    matchedDn: readText(r, 'matchedDN'),
    diagnosticMessage: readText(r, 'diagnosticMessage'),
  }
}

function readSearch(r: Reader): LdapOperation {
  const base = readText(r, 'baseObject')
  const scope = SCOPES[readInteger(r, 'scope', BER.enumerated)]
  if (scope === undefined) r.reject('bad-value', 'scope', `${RFC}.5.1.2`)
  readTagged(r, BER.enumerated, 'derefAliases')
  const sizeLimit = readInteger(r, 'sizeLimit')
  const timeLimit = readInteger(r, 'timeLimit')
  readTagged(r, BER.boolean, 'typesOnly')
  const filter = readFilter(r)
  const list = enter(r, BER.sequence, 'attributes')
  const attributes: string[] = []
  while (r.remaining > 0) attributes.push(readName(r, 'attribute'))
  r.leave(list)
  end(r)
  return { kind: 'search-request', base, scope, sizeLimit, timeLimit, filter, attributes }
}

function readEntry(r: Reader): LdapOperation {
  const dn = readText(r, 'objectName')
  const list = enter(r, BER.sequence, 'attributes')
  const attributes: LdapAttribute[] = []
  while (r.remaining > 0) attributes.push(readAttribute(r))
  r.leave(list)
  end(r)
  return { kind: 'search-entry', dn, attributes }
}

function readAttribute(r: Reader): LdapAttribute {
  const attribute = enter(r, BER.sequence, 'PartialAttribute')
  const type = readName(r, 'type')
  const set = enter(r, BER.set, 'vals')
  const values: Uint8Array[] = []
  while (r.remaining > 0) values.push(readTagged(r, BER.octetString, 'value'))
  r.leave(set)
  end(r)
  r.leave(attribute)
  return { type, values }
}

// It remembers nothing but the room that is left for the next message.
const writer = new BackwardWriter()

/** `password`: of a simple bind, and nowhere else. */
export const encodeLdap = (message: LdapMessage, password = NOTHING): Uint8Array =>
  encodeLdapTogether([message], password)

/** Messages one behind the other, as one piece of a stream. */
export function encodeLdapTogether(
  messages: readonly LdapMessage[],
  password = NOTHING,
): Uint8Array {
  for (let i = messages.length - 1; i >= 0; i--) {
    const { id, operation } = messages[i]!
    const from = writer.written
    writeOperation(writer, operation, password)
    writer.integer(id)
    writer.wrap(BER.sequence, from)
  }
  return writer.finish()
}

/** The last element first, as the writer wants them. */
function writeOperation(w: BackwardWriter, operation: LdapOperation, password: Uint8Array): void {
  const from = w.written
  switch (operation.kind) {
    case 'bind-request':
      writeAuthentication(w, operation.authentication, password)
      w.octetString(operation.name)
      w.integer(operation.version)
      return w.wrap(TAG.bindRequest, from)
    case 'bind-response': {
      const { serverSaslCredentials: credentials } = operation
      if (credentials !== undefined) w.octetString(credentials, SERVER_SASL_CREDENTIALS)
      writeResult(w, operation)
      return w.wrap(TAG.bindResponse, from)
    }
    case 'unbind-request':
      return w.wrap(TAG.unbindRequest, from)
    case 'search-request':
      w.bytes(attributeList(operation.attributes))
      writeFilter(w, operation.filter)
      w.boolean(false)
      w.integer(operation.timeLimit)
      w.integer(operation.sizeLimit)
      // neverDerefAliases
      w.integer(0, BER.enumerated)
      w.integer(SCOPES.indexOf(operation.scope), BER.enumerated)
      w.octetString(operation.base)
      return w.wrap(TAG.searchRequest, from)
    case 'search-entry':
      for (let i = operation.attributes.length - 1; i >= 0; i--) {
        writeAttribute(w, operation.attributes[i]!)
      }
      w.wrap(BER.sequence, from)
      w.octetString(operation.dn)
      return w.wrap(TAG.searchEntry, from)
    case 'search-done':
      writeResult(w, operation)
      return w.wrap(TAG.searchDone, from)
    case 'other':
      return w.wrap(operation.tag, from)
  }
}

// A client asks for the same ones again and again.
const attributeList = rememberEach((attributes: readonly string[]): Uint8Array => {
  const list = new BackwardWriter()
  for (const type of attributes.toReversed()) list.octetString(type)
  list.wrap(BER.sequence, 0)
  return list.finish().slice()
})

function writeAuthentication(
  w: BackwardWriter,
  authentication: LdapAuthentication,
  password: Uint8Array,
): void {
  if (authentication.method === 'simple') return w.octetString(password, SIMPLE)
  const from = w.written
  if (authentication.credentials !== undefined) w.octetString(authentication.credentials)
  w.octetString(authentication.mechanism)
  w.wrap(SASL, from)
}

function writeResult(
  w: BackwardWriter,
  { resultCode, matchedDn, diagnosticMessage }: LdapResult,
): void {
  w.octetString(diagnosticMessage)
  w.octetString(matchedDn)
  w.integer(resultCode, BER.enumerated)
}

function writeAttribute(w: BackwardWriter, { type, values }: LdapAttribute): void {
  const from = w.written
  for (let i = values.length - 1; i >= 0; i--) w.octetString(values[i]!)
  w.wrap(BER.set, from)
  w.octetString(type)
  w.wrap(BER.sequence, from)
}

/** What an LDAP server says of itself and takes: ten megabytes, MaxReceiveBuffer of Active Directory. */
export const LDAP_MESSAGE_MAX = 10_485_760

/** Cuts a TCP stream into messages. After an error nothing can be read any more. */
export class LdapStream {
  #waiting: Uint8Array = NOTHING

  /** The messages that are whole with these bytes, in order; the error stands last. */
  push(bytes: Uint8Array): readonly Result<LdapMessage, WireError>[] {
    const heard = this.#waiting.length === 0 ? bytes : concat(this.#waiting, bytes)
    const messages: Result<LdapMessage, WireError>[] = []
    let at = 0
    for (;;) {
      const length = elementLength(heard, at)
      if (length === 'malformed' || (length ?? 0) > LDAP_MESSAGE_MAX) {
        messages.push(err(lengthFault(at)))
        break
      }
      if (length === undefined || heard.length - at < length) break
      const decoded = decodeLdap(heard.subarray(at, at + length))
      messages.push(decoded)
      at += length
      if (!decoded.ok) break
    }
    this.#waiting = at < heard.length ? heard.slice(at) : NOTHING
    return messages
  }
}

const lengthFault = (offset: number): WireError => ({
  code: 'bad-value',
  layer: 'ldap',
  field: 'LDAPMessage length',
  offset,
  rfc: 'RFC 4511 §5.1',
})

/** A result in one word, for logs: `success`, `code 53`. */
export const ldapResultName = (code: number): string =>
  Object.entries(LdapResultCode).find(([, value]) => value === code)?.[0] ?? `code ${code}`
