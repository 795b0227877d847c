/**
 * A web server: HTTP/1.1 over the host's TCP, or over TLS, with persistent connections. CRLs and intranet pages come from here.
 * Not an application: what a path answers is a function of the caller. GET and HEAD, and POST where a path takes it.
 */
import { concat, utf8 } from '../base/bytes.ts'
import type { Result } from '../base/result.ts'
import type { TlsIdentity } from '../engine/tls.ts'
import type { Host, TcpConnection, TcpHandlers, TcpListener } from '../net/sockets.ts'
import { acceptTls, type TlsHandlers } from './tls-connection.ts'
import { formatWireError, type WireError } from '../wire/codec.ts'
import {
  encodeResponse,
  headerValue,
  httpDate,
  receiveRequest,
  type HttpHeader,
  type HttpRequest,
} from '../wire/http.ts'

export interface WebAnswer {
  readonly status: number
  readonly body: Uint8Array
  readonly contentType: string
  /** Further fields, such as `Location`. */
  readonly headers?: readonly HttpHeader[]
}

export interface WebServerOptions {
  readonly port: number
  /** `path` is the request's target without its query, still percent-encoded. */
  respond(path: string, request: HttpRequest): WebAnswer
  /** HTTPS: what is shown at this moment; undefined: there is no such certificate, and connections are reset. Absent: HTTP. */
  identity?(): TlsIdentity | undefined
  /** Whether a path may be posted to; absent: none may. */
  takesPost?(path: string): boolean
}

/** RFC 9110 §15, as far as this server says them. */
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  301: 'Moved Permanently',
  302: 'Found',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

const plain = (status: number, text: string): WebAnswer => ({
  status,
  body: utf8(`${text}\n`),
  contentType: 'text/plain; charset=utf-8',
})

/** Serve until the listener is closed. A port that is taken is said in the host's log and returned. */
export function startWebServer(
  host: Host,
  options: WebServerOptions,
): Result<TcpListener, 'port-in-use'> {
  return host.tcp.listen({ port: options.port }, (connection) =>
    options.identity === undefined
      ? serve(host, options, connection)
      : serveSecurely(host, options, connection),
  )
}

function serveSecurely(
  host: Host,
  options: WebServerOptions,
  connection: TcpConnection,
): TcpHandlers {
  const identity = options.identity?.()
  // HTTP.sys resets what comes to a binding whose certificate is gone.
  if (identity === undefined) return { onData: () => connection.abort() }
  return acceptTls(host, connection, identity, (secured): TlsHandlers => ({
    ...serve(host, options, secured),
    onTlsFailed: (detail) => host.log('web-server', `a TLS connection failed: ${detail}`),
  }))
}

function serve(host: Host, options: WebServerOptions, connection: TcpConnection): TcpHandlers {
  let waiting: Uint8Array = new Uint8Array()
  let closed = false
  const finish = (): void => {
    if (!closed) connection.close()
    closed = true
  }
  /** Answer the first request that waits. True: there may be another. */
  const answerNext = (): boolean => {
    if (closed) return false
    const received = receiveRequest(waiting)
    if (!received.ok) {
      connection.send(bytesOf(host, 'GET', complaint(host, received.error), true))
      finish()
      return false
    }
    if (received.value === undefined) return false
    const { message, length } = received.value
    waiting = waiting.subarray(length)
    const last = /\bclose\b/i.test(headerValue(message.headers, 'Connection') ?? '')
    connection.send(bytesOf(host, message.method, answerTo(message, options), last))
    if (last) finish()
    return !last
  }
  return {
    onData(bytes) {
      waiting = concat(waiting, bytes)
      // Requests may come one after the other without waiting for answers (RFC 9112 §9.3.2).
      let more = true
      while (more) more = answerNext()
    },
    onEnd: finish,
  }
}

function complaint(host: Host, error: WireError): WebAnswer {
  const text = formatWireError(error)
  host.log('web-server', `refused a request: ${text}`)
  return plain(400, text)
}

function answerTo(request: HttpRequest, options: WebServerOptions): WebAnswer {
  if (headerValue(request.headers, 'Host') === undefined) {
    return plain(400, 'a request needs a Host field (RFC 9112 §3.2)')
  }
  const path = request.target.replace(/\?.*$/, '')
  const methods = ['GET', 'HEAD', ...(options.takesPost?.(path) === true ? ['POST'] : [])]
  if (!methods.includes(request.method)) {
    const allow = { name: 'Allow', value: methods.join(', ') }
    return { ...plain(405, `${request.method} is not answered here`), headers: [allow] }
  }
  return options.respond(path, request)
}

function bytesOf(host: Host, method: string, said: WebAnswer, last: boolean): Uint8Array {
  return encodeResponse({
    status: said.status,
    reason: REASONS[said.status] ?? '',
    headers: [
      { name: 'Date', value: httpDate(host.wallClock) },
      { name: 'Content-Type', value: said.contentType },
      { name: 'Content-Length', value: String(said.body.length) },
      ...(said.headers ?? []),
      ...(last ? [{ name: 'Connection', value: 'close' }] : []),
    ],
    body: method === 'HEAD' ? new Uint8Array() : said.body,
  })
}
