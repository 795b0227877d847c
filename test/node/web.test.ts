import { describe, expect, test } from 'vitest'
import { ipv4, type Ipv4 } from '../../src/base/address.ts'
import { fromUtf8, utf8 } from '../../src/base/bytes.ts'
import { instant, ms, seconds } from '../../src/base/time.ts'
import { rngFrom } from '../../src/base/rng.ts'
import {
  formatHttpOutcome,
  httpAsk,
  type HttpOutcome,
  type Resolve,
} from '../../src/node/web-client.ts'
import { startWebServer, type WebAnswer } from '../../src/node/web-server.ts'
import { headerValue, httpDate, type HttpRequest } from '../../src/wire/http.ts'
import { Network } from '../net/network.ts'

const CRL = rngFrom('crl').bytes(40_000)

const NAMES: Readonly<Record<string, readonly Ipv4[]>> = {
  'crl.example': [ipv4('10.0.0.2')],
  'twin.example': [ipv4('10.0.0.3'), ipv4('10.0.0.2')],
  'gone.example': [ipv4('10.0.0.99')],
  'empty.example': [],
}
const resolve: Resolve = (name, done) => done(NAMES[name] ?? { rcode: 'NXDOMAIN' })

const page = (text: string, status = 200): WebAnswer => ({
  status,
  body: utf8(text),
  contentType: 'text/plain',
})
const redirect = (to: string): WebAnswer => ({
  ...page('', 302),
  headers: [{ name: 'Location', value: to }],
})

function respond(path: string, request: HttpRequest): WebAnswer {
  if (path === '/echo') {
    const type = headerValue(request.headers, 'Content-Type') ?? ''
    return page(`${request.method} ${fromUtf8(request.body)} ${type}`)
  }
  if (path === '/again') return { ...redirect('/echo'), status: 307 }
  if (path === '/see-other') return { ...redirect('/echo'), status: 303 }
  if (path === '/root.crl') return { status: 200, body: CRL, contentType: 'application/pkix-crl' }
  if (path === '/old') return redirect('/new')
  if (path === '/new') return page('moved here')
  if (path === '/loop') return redirect('http://crl.example/loop')
  if (path === '/away') return redirect('https://crl.example/')
  return page('not found', 404)
}

function site(loss = 0) {
  const net = new Network()
  net.segment('lan', { latency: ms(5), loss })
  const client = net.stack('laptop', { lan: '10.0.0.1' })
  const server = net.stack('ca1', { lan: '10.0.0.2' })
  net.stack('bystander', { lan: '10.0.0.3' })
  const started = startWebServer(server, {
    port: 80,
    respond,
    takesPost: (path) => path !== '/new',
  })
  const get = (url: string, by: Resolve = resolve): HttpOutcome => {
    const outcomes: HttpOutcome[] = []
    httpAsk(client, by, { url }, (outcome) => outcomes.push(outcome))
    expect(outcomes).toEqual([])
    net.run(seconds(60))
    expect(outcomes).toHaveLength(1)
    return outcomes[0]!
  }
  return { net, client, server, started, get }
}

describe('over the simulated network', () => {
  test('a CRL of 40 kB arrives whole', () => {
    const { get, net } = site()
    const outcome = get('http://crl.example/root.crl')
    expect(outcome).toMatchObject({ kind: 'response', status: 200, to: { port: 80 } })
    expect(outcome.kind === 'response' && Buffer.compare(outcome.body, CRL)).toBe(0)
    expect(net.drops()).toEqual([])
    expect(formatHttpOutcome(outcome)).toBe('HTTP 200, 40000 bytes, from 10.0.0.2:80')
  })

  test('a CRL arrives over a link that loses one frame in ten', () => {
    const { get } = site(0.1)
    const outcome = get('http://10.0.0.2/root.crl')
    expect(outcome.kind === 'response' && Buffer.compare(outcome.body, CRL)).toBe(0)
  })

  test('both ends close: nothing but TIME-WAIT is left', () => {
    const { get, client, server } = site()
    get('http://crl.example/root.crl')
    const states = [client, server].flatMap((s) => s.tcp.connections.map((c) => c.state))
    // Each side closes once it has said all, so their FINs cross.
    expect(states).toEqual(['time-wait', 'time-wait'])
  })

  test('a redirect is followed', () => {
    expect(site().get('http://crl.example/old')).toMatchObject({
      kind: 'response',
      url: 'http://crl.example/new',
      body: utf8('moved here'),
    })
  })

  test.for([
    ['/echo', 'POST abc application/ocsp-request'],
    ['/again', 'POST abc application/ocsp-request'],
    ['/see-other', 'GET  '],
  ] as const)('what is posted to %s arrives as %s', ([path, arrived]) => {
    const { net, client } = site()
    const outcomes: HttpOutcome[] = []
    const posted = { contentType: 'application/ocsp-request', body: utf8('abc') }
    httpAsk(client, resolve, { url: `http://crl.example${path}`, posted }, (o) => outcomes.push(o))
    net.run(seconds(60))
    expect(outcomes).toMatchObject([{ kind: 'response', status: 200, body: utf8(arrived) }])
  })

  test('a name with two addresses: the one that refuses is passed over', () => {
    expect(site().get('http://twin.example/new')).toMatchObject({
      kind: 'response',
      to: { address: ipv4('10.0.0.2') },
    })
  })
})

describe('each way to fail has its name', () => {
  test.for([
    [
      'http://nowhere.example/',
      { kind: 'unresolved', rcode: 'NXDOMAIN' },
      'nowhere.example does not resolve: NXDOMAIN',
    ],
    [
      'http://empty.example/',
      { kind: 'unresolved', rcode: 'NOERROR' },
      'empty.example does not resolve: NOERROR',
    ],
    ['http://10.0.0.3/', { kind: 'refused' }, 'refused by 10.0.0.3:80'],
    ['http://crl.example:81/', { kind: 'refused' }, 'refused by 10.0.0.2:81'],
    [
      'http://192.0.2.1/',
      { kind: 'unreachable' },
      '192.0.2.1:80 is unreachable: no-route from 0.0.0.0',
    ],
    [
      'http://crl.example/loop',
      { kind: 'too-many-redirects' },
      'more than 5 redirects, the last to http://crl.example/loop',
    ],
    ['http://crl.example/away', { kind: 'malformed' }, "'https://crl.example/' is not an http URL"],
    ['ldap:///CN=x', { kind: 'malformed' }, "'ldap:///CN=x' is not an http URL"],
  ] as const)('%s', ([url, expected, text]) => {
    const outcome = site().get(url)
    expect(outcome).toMatchObject(expected)
    expect(formatHttpOutcome(outcome)).toBe(text)
  })

  test('a host that hears and says nothing: timed out after 15 s', () => {
    const { net, client, server } = site()
    const outcomes: HttpOutcome[] = []
    server.setDown(true)
    net.run(seconds(1))
    httpAsk(client, resolve, { url: 'http://crl.example/' }, (outcome) => outcomes.push(outcome))
    // ARP has no answer either, which the stack tells before the time is over; a resolver that never answers is told by nobody.
    httpAsk(
      client,
      () => {},
      { url: 'http://crl.example/' },
      (outcome) => outcomes.push(outcome),
    )
    net.run(ms(14_999))
    const early = outcomes.length
    net.run(ms(2))
    expect(outcomes.length).toBe(2)
    expect(outcomes.slice(early)).toContainEqual({ kind: 'timed-out' })
  })

  test.for([
    ['what is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', /^http: bad-value at status-line/],
    [
      'a body that stops in the middle',
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
      /^http: truncated/,
    ],
    ['an answer that never begins', '', /^http: truncated/],
  ] as const)('%s is malformed', ([, said, detail]) => {
    const { get, server } = site()
    server.tcp.listen({ port: 8080 }, (connection) => ({
      onData: () => {
        connection.send(utf8(said))
        connection.close()
      },
    }))
    const outcome = get('http://crl.example:8080/')
    expect(outcome.kind === 'malformed' && outcome.detail).toMatch(detail)
  })

  test('a server that resets', () => {
    const { get, server } = site()
    server.tcp.listen({ port: 8080 }, (connection) => ({ onData: () => connection.abort() }))
    expect(get('http://crl.example:8080/')).toMatchObject({ kind: 'reset' })
  })

  test('an interim response is passed over, and a body without length ends with the connection', () => {
    const { get, server } = site()
    server.tcp.listen({ port: 8080 }, (connection) => ({
      onData: () => {
        connection.send(utf8('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 200 OK\r\n\r\nall of it'))
        connection.close()
      },
    }))
    expect(get('http://crl.example:8080/')).toMatchObject({ status: 200, body: utf8('all of it') })
  })
})

describe('the server', () => {
  /** What comes back when `requests` are sent as they stand. */
  const ask = (requests: string): string => {
    const { net, client } = site()
    let heard = ''
    const connection = client.tcp.connect(
      { address: ipv4('10.0.0.2'), port: 80 },
      { onData: (bytes) => void (heard += fromUtf8(bytes)) },
    )
    connection.send(utf8(requests))
    net.run(seconds(5))
    return heard
  }

  test('answers requests on one connection in order, and tells the date by its own clock', () => {
    const heard = ask('GET /new HTTP/1.1\r\nHost: a\r\n\r\nGET /x?q HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(heard.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404'])
    expect(heard).toContain('Date: Mon, 02 Mar 2026 08:00:00 GMT\r\n')
  })

  test.for([
    ['HEAD /new HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 200', /Content-Length: 10\r\n\r\n$/],
    [
      'POST /new HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab',
      'HTTP/1.1 405',
      /Allow: GET, HEAD/,
    ],
    ['GET /new HTTP/1.1\r\n\r\n', 'HTTP/1.1 400', /Host field/],
    ['rubbish\r\n\r\n', 'HTTP/1.1 400', /Connection: close/],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 'HTTP/1.1 404', /Connection: close/],
  ] as const)('%j', ([request, status, more]) => {
    const heard = ask(request)
    expect(heard.startsWith(status)).toBe(true)
    expect(heard).toMatch(more)
  })

  test('a second server on one port is refused to the caller', () => {
    const { server, started } = site()
    expect(started.ok).toBe(true)
    expect(startWebServer(server, { port: 80, respond })).toEqual({
      ok: false,
      error: 'port-in-use',
    })
  })
})

test.for([
  ['1970-01-01T00:00:00Z', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ['1994-11-06T08:49:37Z', 'Sun, 06 Nov 1994 08:49:37 GMT'], // RFC 9110 §5.6.7
] as const)('%s as an HTTP date', ([at, text]) => {
  expect(httpDate(instant(at))).toBe(text)
})
