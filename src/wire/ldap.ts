/**
 * LDAP version 3 (RFC 4511), as far as a member asks its domain controller: bind, search, unbind, and their answers.
 * Not a client and not a server. Controls are passed over; other operations are read as what they are, by their tag.
 */
import { concat } from '../base/bytes.ts'
import { rememberEach } from '../base/remember.ts'
import { err, type Result } from '../base/result.ts'
import {
  BER,
  boolean,
  element,
  elementLength,
  integer,
  integerOf,
  octetString,
  readElement,
  readTagged,
  textOf,
} from './ber.ts'
import { decoder, Reader, type WireError } from './codec.ts'
import { encodeFilter, readFilter, type LdapFilter } from './ldap-filter.ts'

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

export const decodeLdap = decoder<LdapMessage>('ldap', (outer) => {
  const r = new Reader('ldap', readTagged(outer, BER.sequence, 'LDAPMessage'))
  const id = integerOf(r, readTagged(r, BER.integer, 'messageID'), 'messageID')
  if (id < 0) r.reject('bad-value', 'messageID', `${RFC}.1.1.1`)
  const { tag, contents } = readElement(r, 'protocolOp')
  const operation = readOperation(tag, new Reader('ldap', contents))
  if (r.remaining > 0) readTagged(r, CONTROLS, 'controls')
  end(r)
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
      const rest = r.remaining > 0 ? readElement(r, 'serverSaslCreds') : undefined
      const isOurs = rest?.tag === SERVER_SASL_CREDENTIALS
      return {
        kind: 'bind-response',
        ...result,
        ...(isOurs && { serverSaslCredentials: rest.contents }),
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
  const version = integerOf(r, readTagged(r, BER.integer, 'version'), 'version')
  const name = textOf(readTagged(r, BER.octetString, 'name'))
  const { tag, contents } = readElement(r, 'authentication')
  end(r)
  if (tag === SIMPLE) {
    return { kind: 'bind-request', version, name, authentication: { method: 'simple' } }
  }
  if (tag !== SASL) r.reject('bad-value', 'authentication', `${RFC}.2`)
  const sasl = new Reader('ldap', contents)
  const mechanism = textOf(readTagged(sasl, BER.octetString, 'mechanism'))
  const credentials =
    sasl.remaining > 0 ? readTagged(sasl, BER.octetString, 'credentials') : undefined
  end(sasl)
  return {
    kind: 'bind-request',
    version,
    name,
    authentication: {
      method: 'sasl',
      mechanism,
      ...(credentials !== undefined && { credentials }),
    },
  }
}

function readResult(r: Reader): LdapResult {
  return {
    resultCode: integerOf(r, readTagged(r, BER.enumerated, 'resultCode'), 'resultCode'),
    matchedDn: textOf(readTagged(r, BER.octetString, 'matchedDN')),
    diagnosticMessage: textOf(readTagged(r, BER.octetString, 'diagnosticMessage')),
  }
}

function readSearch(r: Reader): LdapOperation {
  const base = textOf(readTagged(r, BER.octetString, 'baseObject'))
  const scope = SCOPES[integerOf(r, readTagged(r, BER.enumerated, 'scope'), 'scope')]
  if (scope === undefined) r.reject('bad-value', 'scope', `${RFC}.5.1.2`)
  readTagged(r, BER.enumerated, 'derefAliases')
  const sizeLimit = integerOf(r, readTagged(r, BER.integer, 'sizeLimit'), 'sizeLimit')
  const timeLimit = integerOf(r, readTagged(r, BER.integer, 'timeLimit'), 'timeLimit')
  readTagged(r, BER.boolean, 'typesOnly')
  const filter = readFilter(r)
  const list = new Reader('ldap', readTagged(r, BER.sequence, 'attributes'))
  const attributes: string[] = []
  while (list.remaining > 0) {
    attributes.push(textOf(readTagged(list, BER.octetString, 'attribute')))
  }
  end(r)
  return { kind: 'search-request', base, scope, sizeLimit, timeLimit, filter, attributes }
}

function readEntry(r: Reader): LdapOperation {
  const dn = textOf(readTagged(r, BER.octetString, 'objectName'))
  const list = new Reader('ldap', readTagged(r, BER.sequence, 'attributes'))
  end(r)
  const attributes: LdapAttribute[] = []
  while (list.remaining > 0) {
    const one = new Reader('ldap', readTagged(list, BER.sequence, 'PartialAttribute'))
    const type = textOf(readTagged(one, BER.octetString, 'type'))
    const set = new Reader('ldap', readTagged(one, BER.set, 'vals'))
    end(one)
    const values: Uint8Array[] = []
    while (set.remaining > 0) values.push(readTagged(set, BER.octetString, 'value'))
    attributes.push({ type, values })
  }
  return { kind: 'search-entry', dn, attributes }
}

/** `password`: of a simple bind, and nowhere else. */
export const encodeLdap = ({ id, operation }: LdapMessage, password = NOTHING): Uint8Array =>
  element(BER.sequence, integer(id), operationBytes(operation, password))

function operationBytes(operation: LdapOperation, password: Uint8Array): Uint8Array {
  switch (operation.kind) {
    case 'bind-request':
      return element(
        TAG.bindRequest,
        integer(operation.version),
        octetString(operation.name),
        authenticationBytes(operation.authentication, password),
      )
    case 'bind-response': {
      const { serverSaslCredentials: credentials } = operation
      return element(
        TAG.bindResponse,
        resultBytes(operation),
        credentials === undefined ? NOTHING : element(SERVER_SASL_CREDENTIALS, credentials),
      )
    }
    case 'unbind-request':
      return element(TAG.unbindRequest, NOTHING)
    case 'search-request':
      return element(
        TAG.searchRequest,
        octetString(operation.base),
        integer(SCOPES.indexOf(operation.scope), BER.enumerated),
        // neverDerefAliases
        integer(0, BER.enumerated),
        integer(operation.sizeLimit),
        integer(operation.timeLimit),
        boolean(false),
        encodeFilter(operation.filter),
        attributeList(operation.attributes),
      )
    case 'search-entry':
      return element(
        TAG.searchEntry,
        octetString(operation.dn),
        element(BER.sequence, ...operation.attributes.map(attributeBytes)),
      )
    case 'search-done':
      return element(TAG.searchDone, resultBytes(operation))
    case 'other':
      return element(operation.tag, NOTHING)
  }
}

// A client asks for the same ones again and again.
const attributeList = rememberEach((attributes: readonly string[]) =>
  element(BER.sequence, ...attributes.map((type) => octetString(type))),
)

const authenticationBytes = (
  authentication: LdapAuthentication,
  password: Uint8Array,
): Uint8Array =>
  authentication.method === 'simple'
    ? element(SIMPLE, password)
    : element(
        SASL,
        octetString(authentication.mechanism),
        authentication.credentials === undefined
          ? NOTHING
          : octetString(authentication.credentials),
      )

const resultBytes = ({ resultCode, matchedDn, diagnosticMessage }: LdapResult): Uint8Array =>
  concat(
    integer(resultCode, BER.enumerated),
    octetString(matchedDn),
    octetString(diagnosticMessage),
  )

const attributeBytes = ({ type, values }: LdapAttribute): Uint8Array =>
  element(
    BER.sequence,
    octetString(type),
    element(BER.set, ...values.map((value) => octetString(value))),
  )

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
      const rest = heard.subarray(at)
      const length = elementLength(rest)
      if (length === 'malformed' || (length ?? 0) > LDAP_MESSAGE_MAX) {
        messages.push(err(lengthFault(at)))
        break
      }
      if (length === undefined || rest.length < length) break
      const decoded = decodeLdap(rest.subarray(0, length))
      messages.push(decoded)
      at += length
      if (!decoded.ok) break
    }
    this.#waiting = heard.slice(at)
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
