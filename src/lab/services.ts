/**
 * Starts what a node offers: DNS, DHCP, the web, open ports, and the web server's share of the public key infrastructure.
 * Not the services themselves: `node` has them. What may change under an edit is read at each request.
 */
import { parseIpv4Prefix, type Ipv4, type Prefix } from '../base/address.ts'
import { utf8 } from '../base/bytes.ts'
import { rememberEach } from '../base/remember.ts'
import type { Instant } from '../base/time.ts'
import { tlsIdentityOf } from './tls-identity.ts'
import { startDhcpRelay } from '../node/dhcp-relay.ts'
import { startDhcpServer } from '../node/dhcp-server.ts'
import { startDomainController } from '../node/domain-controller.ts'
import { startDnsServer } from '../node/dns-server.ts'
import { startListener } from '../node/listener.ts'
import { startWebServer, type WebAnswer, type WebServerOptions } from '../node/web-server.ts'
import type { Pki } from '../pki/issuing/issue.ts'
import { OCSP_RESPONSE_TYPE, requestOfTarget } from '../pki/revocation/ocsp-request.ts'
import type { Responder } from '../pki/issuing/responder.ts'
import type { DhcpServerSpec, ServiceSpec, WebServerSpec } from '../topology/services.ts'
import type { Topology } from '../topology/topology.ts'
import type { HttpRequest } from '../wire/http.ts'
import type { Compiled } from './compile.ts'
import { startNps } from './nps.ts'
import { startRemoteAccess } from './remote-access.ts'
import type { ServiceContext } from './service-context.ts'

type Current = () => Compiled

/** Start every service of a node. The returned function stops them. */
export function startServices(context: ServiceContext): () => void {
  const node = context.current().topology.nodes[context.stack.name]
  const specs = node === undefined || node.kind === 'switch' ? [] : (node.services ?? [])
  const stops = specs.map((spec) => start(context, spec))
  return () => {
    for (const stop of stops) stop()
  }
}

function start(context: ServiceContext, spec: ServiceSpec): () => void {
  const { stack, current } = context
  switch (spec.service) {
    case 'dns-server':
      return startDnsServer(
        stack,
        spec,
        () => current().zones,
        ({ name, type, rcode, client }) =>
          stack.trace.add({ kind: 'resolved', node: stack.name, name, type, rcode, client }),
      )
    case 'dhcp-server':
      return startDhcpServer(stack, spec, relayedPrefix(stack, spec, current().topology))
    case 'dhcp-relay':
      return startDhcpRelay(stack, spec)
    case 'web-server':
      return startWebSite(stack, spec, current)
    case 'listener':
      return startListener(stack, spec)
    case 'vpn-gateway':
      return startRemoteAccess(context)
    case 'nps':
      return startNps(context)
    case 'domain-controller':
      return startDomainController(stack, spec, context.authority)
  }
}

/** The prefix of a scope whose network is not one of the node's own. */
function relayedPrefix(
  { nics }: ServiceContext['stack'],
  { network }: DhcpServerSpec,
  { networks }: Topology,
): Prefix<Ipv4> | undefined {
  if (nics.some(({ name }) => name === network)) return undefined
  return parseIpv4Prefix(networks[network]?.prefix ?? '')
}

// Asked at each request, and the same until an edit issues anew.
const publicationsOf = rememberEach((pki: Pki) => pki.publications())
const respondersOf = rememberEach((pki: Pki) => pki.responders())

/** Pages of the topology, and the lists, certificates and OCSP responders that authorities have on this node. */
function startWebSite(
  stack: ServiceContext['stack'],
  spec: WebServerSpec,
  current: Current,
): () => void {
  const responders = () => respondersOf(current().pki).filter(({ node }) => node === stack.name)
  const port = spec.port ?? (spec.certificate === undefined ? 80 : 443)
  const server = startWebServer(stack, {
    port,
    ...identityFor(stack, spec, current),
    takesPost: (path) => responders().some((responder) => responder.path === path),
    respond: (path, request) => {
      const page = spec.pages?.[path]
      if (page !== undefined) return { status: 200, contentType: 'text/plain', body: utf8(page) }
      const publication = publicationsOf(current().pki).find(
        (each) => each.node === stack.name && each.path === path,
      )
      if (publication !== undefined) {
        const { contentType } = publication
        return { status: 200, contentType, body: publication.bytes(stack.wallClock) }
      }
      return (
        askResponder(responders(), { path, request, at: stack.wallClock }) ?? {
          status: 404,
          contentType: 'text/plain',
          body: utf8('Not Found\n'),
        }
      )
    },
  })
  // A port that is taken is a finding of the topology; the host says so, and goes on without.
  if (!server.ok) stack.log('HTTP', `port ${port} is in use`)
  return () => {
    if (server.ok) server.value.close()
  }
}

/** What a binding shows: the certificate as the node has it when a connection comes. */
function identityFor(
  stack: ServiceContext['stack'],
  { certificate }: WebServerSpec,
  current: Current,
): Pick<WebServerOptions, 'identity'> {
  if (certificate === undefined) return {}
  return {
    identity() {
      const held = current().pki.certificate(stack.name, certificate, stack.wallClock)
      return held === undefined ? undefined : tlsIdentityOf(held)
    },
  }
}

/** RFC 6960 appendix A.1: the request is posted to the responder's path, or stands below it. Undefined: no responder is there. */
function askResponder(
  responders: readonly Responder[],
  asked: { readonly path: string; readonly request: HttpRequest; readonly at: Instant },
): WebAnswer | undefined {
  const { path, request, at } = asked
  for (const responder of responders) {
    const isPosted = request.method === 'POST' && path === responder.path
    const below = `${responder.path.replace(/\/$/, '')}/`
    if (!isPosted && !(path.startsWith(below) && path.length > below.length)) continue
    // What is no base64 is no request either, and the responder says so.
    const body = isPosted ? request.body : requestOfTarget(path.slice(below.length))
    return {
      status: 200,
      contentType: OCSP_RESPONSE_TYPE,
      body: responder.answer(body ?? new Uint8Array(), at),
    }
  }
  return undefined
}
