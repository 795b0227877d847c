/**
 * NPS on a node of a topology: its settings, certificates, directory and judgement, taken from the lab as they are when they are asked for.
 * Not the server: `node/nps/` has it.
 */
import { parseIpv4, type Ipv4 } from '../base/address.ts'
import { seconds } from '../base/time.ts'
import { accountOf, isMember } from '../directory/directory.ts'
import type { TlsIdentity } from '../engine/tls.ts'
import { createDirectoryClient, type DirectoryClient } from '../node/directory-client.ts'
import { NpsBook } from '../node/nps/book.ts'
import type { NpsDeps } from '../node/nps/deps.ts'
import { Nps } from '../node/nps/nps.ts'
import type { NpsDirectory } from '../node/nps/directory.ts'
import type { RadiusServerSpec } from '../topology/nps.ts'
import { serviceOf } from './inventory.ts'
import { selectOn } from './selection.ts'
import type { ServiceContext } from './service-context.ts'
import { tlsIdentityOf } from './tls-identity.ts'

/** "RAS and IAS Servers": whose computers may read dial-in properties. */
const REGISTERED = 'RAS and IAS Servers'
/** OWN: a conversation that the peer leaves is given up after so long. */
const EAP_TIMEOUT = seconds(30)

/** Start it; the returned function stops it. */
export function startNps(context: ServiceContext): () => void {
  const { stack, current, node, assumed, addressOf } = context
  const spec = () =>
    serviceOf(current().topology, stack.name, 'nps') ?? ({ service: 'nps' } as const)
  const account = () => {
    const { directory: domain } = current()
    return domain && accountOf(domain, 'computer', stack.name)
  }
  const client =
    account() === undefined
      ? undefined
      : createDirectoryClient(stack, {
          resolver: node.resolver,
          computer: account,
          authority: context.authority,
          kdcAssume: assumed,
        })
  const deps: NpsDeps = {
    spec,
    computerName: stack.name.toUpperCase(),
    serverName: account()?.dnsName ?? stack.name,
    netbios: () => current().directory?.netbios ?? stack.name.toUpperCase(),
    isRegistered: () => {
      const own = account()
      return own !== undefined && isMember(own, REGISTERED)
    },
    directory: client === undefined ? undefined : asked(client),
    identity: (certificate) => identityOf(context, certificate ?? spec().certificate),
    tlsMaximum: () => (spec().tlsMaximum === '1.3' ? 'TLSv1.3' : 'TLSv1.2'),
    judgeUser: (chain, { allowedCertificateOids }, done) =>
      node.judgePresented(
        chain,
        {
          as: 'nps-user',
          assume: assumed(),
          ...(allowedCertificateOids !== undefined && { allowedCertificateOids }),
        },
        done,
      ),
    resolve: (name, done) => node.addressesOf(name, done),
    addressOf: (server) => serverAddress(context, server, addressOf),
    assume: assumed,
    eapTimeout: () => spec().eapTimeout ?? EAP_TIMEOUT,
    onKeyLog: (line) => stack.trace.addSecret(line),
  }
  const book = context.npsBook(() => new NpsBook(stack, deps))
  const nps = new Nps(stack, deps, book)
  const stopMeasuring = context.measure({ kind: 'nps', read: () => nps.load })
  return () => {
    stopMeasuring()
    nps.stop()
    client?.close()
  }
}

const asked = (client: DirectoryClient): NpsDirectory => ({
  lookup: (name, done) => client.lookup(name, done),
  logon: (request, done) => client.logon(request, done),
  logonMsChapV2: (request, done) => client.logonMsChapV2(request, done),
  mapCertificate: (certificate, done) =>
    client.mapCertificate(certificate, (result) => {
      if (!result.ok) return done(result)
      const { account } = result.mapping
      done({ ok: true, ...(account !== undefined && { sid: account.sid, name: account.name }) })
    }),
})

/** A certificate of the node that NPS would take, with its key. */
function identityOf(
  { stack, current }: ServiceContext,
  wanted: string | undefined,
): TlsIdentity | undefined {
  const compiled = current()
  const at = stack.wallClock
  const name = wanted ?? selectOn({ node: stack.name, use: 'nps', compiled, at }).selected
  const held = name === undefined ? undefined : compiled.pki.certificate(stack.name, name, at)
  return held === undefined ? undefined : tlsIdentityOf(held)
}

/** Where a RADIUS server is that a node asks: a node by its address there, an address, or a name that is resolved when it is first needed. */
export function serverAddress(
  { node }: Pick<ServiceContext, 'node'>,
  { server, address }: RadiusServerSpec,
  addressOf: ServiceContext['addressOf'],
): () => Ipv4 | undefined {
  if (server !== undefined) return () => addressOf(server)
  const literal = address === undefined ? undefined : parseIpv4(address)
  if (literal !== undefined) return () => literal
  let found: Ipv4 | undefined
  let isAsking = false
  return () => {
    if (found === undefined && !isAsking && address !== undefined) {
      isAsking = true
      node.addressesOf(address, (answer) => {
        isAsking = false
        if (!('rcode' in answer)) found = answer[0]
      })
    }
    return found
  }
}
