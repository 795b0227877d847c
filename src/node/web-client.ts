/**
 * A web client: asks one http or https URL over the host's TCP, the way CryptoAPI fetches a CRL. Follows redirects, tries each address.
 * Not a browser: no cookies, caches or proxies. Whether a server's chain is good is for its caller to say.
 */
import { formatIpv4, parseIpv4, type Ipv4 } from '../base/address.ts'
import { concat } from '../base/bytes.ts'
import { seconds, type Duration } from '../base/time.ts'
import type { CloseReason, Endpoint, Host, SocketError, TcpConnection } from '../net/sockets.ts'
import type { Timer } from '../net/world.ts'
import { connectTls, type JudgeTls, type TlsHandlers } from './tls-connection.ts'
import { formatWireError } from '../wire/codec.ts'
import {
  encodeRequest,
  headerValue,
  receiveResponse,
  type HttpHeader,
  type HttpResponse,
  type Received,
} from '../wire/http.ts'

/** CryptoAPI's default URL retrieval timeout ("Certificate Path Validation Settings", Network Retrieval: 15 s). */
export const RETRIEVAL_TIMEOUT: Duration = seconds(15)
export const REDIRECTS_MAX = 5

/** Everything that can come of a fetch. `to` is the address that was tried last. */
export type HttpOutcome =
  | {
      readonly kind: 'response'
      readonly status: number
      readonly headers: readonly HttpHeader[]
      readonly body: Uint8Array
      /** After redirects. */
      readonly url: string
      readonly to: Endpoint
    }
  | { readonly kind: 'unresolved'; readonly name: string; readonly rcode: string }
  | { readonly kind: 'refused' | 'reset'; readonly to: Endpoint }
  /** `to` is absent when the time went by while the name was being resolved. `detail`: an ICMP error heard meanwhile. */
  | { readonly kind: 'timed-out'; readonly to?: Endpoint; readonly detail?: SocketError }
  | { readonly kind: 'unreachable'; readonly to: Endpoint; readonly detail?: SocketError }
  /** The server's chain was turned down: nothing was asked. */
  | { readonly kind: 'untrusted'; readonly to: Endpoint; readonly detail: string }
  /** TLS failed: no algorithm in common, or an alert of the server. */
  | { readonly kind: 'tls-failed'; readonly to: Endpoint; readonly detail: string }
  /** The URL or the answer: `detail` says what is wrong with it. */
  | { readonly kind: 'malformed'; readonly detail: string; readonly to?: Endpoint }
  | { readonly kind: 'too-many-redirects'; readonly url: string }

/** Addresses of a name, or the rcode that came instead of them. */
export type Resolve = (
  name: string,
  done: (answer: readonly Ipv4[] | { readonly rcode: string }) => void,
) => void

interface Place {
  readonly url: string
  readonly isSecure: boolean
  readonly host: string
  readonly port: number
  readonly target: string
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }
const defaultPort = (isSecure: boolean): number => (isSecure ? 443 : 80)

/** `http://host[:port]/path?query`, or https; undefined for every other scheme and for what is no URL. */
function parseUrl(url: string, base?: string): Place | undefined {
  if (!URL.canParse(url, base)) return undefined
  const parsed = new URL(url, base)
  const port = DEFAULT_PORTS[parsed.protocol]
  if (port === undefined || parsed.hostname.startsWith('[')) return undefined
  return {
    url: parsed.href,
    isSecure: parsed.protocol === 'https:',
    host: parsed.hostname,
    port: parsed.port === '' ? port : Number(parsed.port),
    target: `${parsed.pathname}${parsed.search}`,
  }
}

/** What a POST carries. */
export interface Posted {
  readonly contentType: string
  readonly body: Uint8Array
}

export interface HttpAsk {
  readonly url: string
  readonly posted?: Posted
  /** Decides on the chains of https servers; absent: https is not spoken. */
  readonly judge?: JudgeTls
}

/**
 * GET a URL, or POST to it; `done` is called once, never before this returns. `resolve` is the host's stub resolver.
 * Ends after {@link RETRIEVAL_TIMEOUT} at the latest, redirects and all. Where a redirect changes POST into GET, as 301, 302 and 303
 * do in practice (RFC 9110 §15.4), what was posted is not sent again.
 */
export function httpAsk(
  host: Host,
  resolve: Resolve,
  request: HttpAsk,
  done: (outcome: HttpOutcome) => void,
): void {
  new Fetch(host, resolve, request, done).begin()
}

/** One fetch under way: it lives until its outcome is told. */
class Fetch {
  readonly #host: Host
  readonly #resolve: Resolve
  readonly #done: (outcome: HttpOutcome) => void
  readonly #request: HttpAsk
  #posted: Posted | undefined
  #redirects = 0
  #connection: TcpConnection | undefined
  #timeout: Timer | undefined
  #finished = false

  constructor(
    host: Host,
    resolve: Resolve,
    request: HttpAsk,
    done: (outcome: HttpOutcome) => void,
  ) {
    this.#host = host
    this.#resolve = resolve
    this.#request = request
    this.#posted = request.posted
    this.#done = done
  }

  begin(): void {
    const { url } = this.#request
    this.#timeout = this.#host.after(RETRIEVAL_TIMEOUT, () => {
      const to = this.#connection?.remote
      this.#finish(to === undefined ? { kind: 'timed-out' } : { kind: 'timed-out', to })
    })
    this.#host.after(0 as Duration, () => this.#visit(parseUrl(url), url))
  }

  #finish(outcome: HttpOutcome): void {
    if (this.#finished) return
    this.#finished = true
    this.#timeout?.cancel()
    this.#connection?.abort()
    this.#done(outcome)
  }

  #visit(place: Place | undefined, written: string): void {
    if (place === undefined || (place.isSecure && this.#request.judge === undefined)) {
      return this.#finish({ kind: 'malformed', detail: `'${written}' is not an http URL` })
    }
    const literal = parseIpv4(place.host)
    if (literal !== undefined) return this.#tryNext(place, [literal])
    this.#resolve(place.host, (answer) => {
      if (this.#finished) return
      const rcode = 'rcode' in answer ? answer.rcode : 'NOERROR'
      const addresses = 'rcode' in answer ? [] : answer
      if (addresses.length === 0) {
        this.#finish({ kind: 'unresolved', name: place.host, rcode })
      } else this.#tryNext(place, addresses)
    })
  }

  #tryNext(place: Place, addresses: readonly Ipv4[]): void {
    const [address, ...others] = addresses
    const to = { address: address!, port: place.port }
    let heard: Uint8Array = new Uint8Array()
    const current = (): boolean => !this.#finished && this.#connection === connection
    const receive = (ended: boolean): void => {
      if (current()) this.#receive(place, to, heard, ended)
    }
    /** TLS has said goodbye: the alert is on its way, and no RST may overtake it. */
    const end = (outcome: HttpOutcome): void => {
      if (!current()) return
      this.#connection = undefined
      this.#finish(outcome)
    }
    const connection = this.#connect(place, to, {
      onUntrusted: (detail) => end({ kind: 'untrusted', to, detail }),
      onTlsFailed: (detail) => end({ kind: 'tls-failed', to, detail }),
      onData: (bytes) => {
        heard = concat(heard, bytes)
        receive(false)
      },
      onEnd: () => receive(true),
      onClosed: (reason, detail) => {
        if (!current()) return
        const failure = failureOf(reason, to, detail)
        if (others.length === 0 || reason === 'reset') this.#finish(failure)
        else this.#tryNext(place, others)
      },
    })
    this.#connection = connection
    connection.send(requestFor(place, this.#posted))
  }

  #connect(place: Place, to: Endpoint, handlers: TlsHandlers): TcpConnection {
    const { judge } = this.#request
    return place.isSecure && judge !== undefined
      ? connectTls(this.#host, to, handlers, { name: place.host, judge })
      : this.#host.tcp.connect(to, handlers)
  }

  #receive(place: Place, to: Endpoint, heard: Uint8Array, ended: boolean): void {
    const received = finalResponse(heard, ended)
    if (!received.ok) {
      this.#finish({ kind: 'malformed', detail: formatWireError(received.error), to })
    } else if (received.value !== undefined) this.#respond(place, to, received.value.message)
  }

  #respond(place: Place, to: Endpoint, response: HttpResponse): void {
    // `Connection: close` was asked for, but the server may not have: our FIN ends it in any case.
    const connection = this.#connection!
    this.#connection = undefined
    connection.close()
    const location = headerValue(response.headers, 'Location')
    const redirected = [301, 302, 303, 307, 308].includes(response.status)
    if (!redirected || location === undefined) {
      const { status, headers, body } = response
      this.#finish({ kind: 'response', status, headers, body, url: place.url, to })
    } else if (this.#redirects++ === REDIRECTS_MAX) {
      this.#finish({ kind: 'too-many-redirects', url: place.url })
    } else {
      if (response.status < 307) this.#posted = undefined
      this.#visit(parseUrl(location, place.url), location)
    }
  }
}

/** The first response that is not an interim one (RFC 9110 §15.2). */
function finalResponse(heard: Uint8Array, ended: boolean): Received<HttpResponse> {
  const received = receiveResponse(heard, { method: 'GET', ended })
  if (!received.ok || received.value === undefined) return received
  const { message, length } = received.value
  return message.status < 200 ? finalResponse(heard.subarray(length), ended) : received
}

const requestFor = (place: Place, posted: Posted | undefined): Uint8Array =>
  encodeRequest({
    method: posted === undefined ? 'GET' : 'POST',
    target: place.target,
    headers: [
      {
        name: 'Host',
        value:
          place.port === defaultPort(place.isSecure) ? place.host : `${place.host}:${place.port}`,
      },
      { name: 'Accept', value: '*/*' },
      { name: 'User-Agent', value: 'Microsoft-CryptoAPI/10.0' },
      { name: 'Connection', value: 'close' },
      ...(posted === undefined
        ? []
        : [
            { name: 'Content-Type', value: posted.contentType },
            { name: 'Content-Length', value: String(posted.body.length) },
          ]),
    ],
    body: posted?.body ?? new Uint8Array(),
  })

function failureOf(reason: CloseReason, to: Endpoint, detail?: SocketError): HttpOutcome {
  switch (reason) {
    case 'closed':
      return { kind: 'malformed', detail: 'the connection closed before an answer came', to }
    case 'refused':
    case 'reset':
      return { kind: reason, to }
    case 'timed-out':
    case 'unreachable':
      return { kind: reason, to, ...(detail === undefined ? {} : { detail }) }
  }
}

/** `refused by 192.0.2.10:80`: one line for reports. */
export function formatHttpOutcome(outcome: HttpOutcome): string {
  const at =
    'to' in outcome && outcome.to ? `${formatIpv4(outcome.to.address)}:${outcome.to.port}` : ''
  switch (outcome.kind) {
    case 'response':
      return `HTTP ${outcome.status}, ${outcome.body.length} bytes, from ${at}`
    case 'unresolved':
      return `${outcome.name} does not resolve: ${outcome.rcode}`
    case 'refused':
      return `refused by ${at}`
    case 'reset':
      return `reset by ${at}`
    case 'timed-out':
      return at === '' ? 'timed out while resolving the name' : `no answer from ${at} in time`
    case 'unreachable':
      return `${at} is unreachable${outcome.detail === undefined ? '' : `: ${outcome.detail.code} from ${formatIpv4(outcome.detail.from)}`}`
    case 'untrusted':
      return `${at} is not trusted: ${outcome.detail}`
    case 'tls-failed':
      return `TLS with ${at} failed: ${outcome.detail}`
    case 'malformed':
      return outcome.detail
    case 'too-many-redirects':
      return `more than ${REDIRECTS_MAX} redirects, the last to ${outcome.url}`
  }
}
