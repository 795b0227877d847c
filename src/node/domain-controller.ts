/**
 * The service of a domain controller: LDAP and the global catalog in earnest, SMB as far as "are you there?", and open ports for the rest.
 * Not Kerberos, RPC or Netlogon: their ports are, their bytes are not. What it knows is {@link DomainAuthority}.
 */
import { concat } from '../base/bytes.ts'
import type { DomainAuthority } from '../directory/domain-authority.ts'
import type { Host, TcpConnection, TcpHandlers, TcpListener } from '../net/sockets.ts'
import type { DomainControllerSpec } from '../topology/services.ts'
import { GLOBAL_CATALOG_PORT, LDAP_PORT } from '../wire/ldap.ts'
import { cutSmb2, decodeSmb2, encodeSmb2, SMB_PORT } from '../wire/smb2.ts'
import { serveLdap } from './ldap-server.ts'
import { startListener } from './listener.ts'

export const KERBEROS_PORT = 88
/** The endpoint mapper, and the first of the dynamic range, where its services listen. */
const RPC_PORTS = [135, 49_152]
const NAME = 'domain-controller'

/** Open the ports. The returned function closes them and every connection. A port that is taken is said in the host's log. */
export function startDomainController(
  host: Host,
  spec: DomainControllerSpec,
  authority: () => DomainAuthority | undefined,
): () => void {
  const rng = host.rng.fork(NAME)
  /** Of the SMB server. */
  const guid = rng.bytes(16)
  const connections = new Set<TcpConnection>()
  const listeners: TcpListener[] = []
  const listen = (port: number, serve: (connection: TcpConnection) => TcpHandlers): void => {
    const opened = host.tcp.listen({ port }, (connection) => {
      connections.add(connection)
      const handlers = serve(connection)
      return {
        ...handlers,
        onClosed: (...reason) => {
          connections.delete(connection)
          handlers.onClosed?.(...reason)
        },
      }
    })
    if (opened.ok) listeners.push(opened.value)
    else host.log(NAME, `TCP port ${port} is taken`)
  }
  const dnsName = (): string => `${host.name.toLowerCase()}.${authority()?.directory.domain ?? ''}`
  const ldap = (isCatalog: boolean) => (connection: TcpConnection) =>
    serveLdap(host, { rng, authority, isCatalog, dnsName }, connection)
  listen(LDAP_PORT, ldap(false))
  if (spec.globalCatalog !== false) listen(GLOBAL_CATALOG_PORT, ldap(true))
  listen(SMB_PORT, (connection) => serveSmb(guid, connection))
  const stopOthers = startListener(host, {
    service: 'listener',
    name: NAME,
    tcp: [KERBEROS_PORT, ...RPC_PORTS],
    udp: [KERBEROS_PORT, 123, LDAP_PORT],
  })
  return () => {
    for (const listener of listeners) listener.close()
    for (const connection of connections) connection.abort()
    stopOthers()
  }
}

/** NEGOTIATE and ECHO are answered in kind; with anything else the connection ends. */
function serveSmb(guid: Uint8Array, connection: TcpConnection): TcpHandlers {
  let waiting: Uint8Array = new Uint8Array()
  return {
    onData: (bytes) => {
      waiting = waiting.length === 0 ? bytes : concat(waiting, bytes)
      for (;;) {
        const cut = cutSmb2(waiting)
        if (cut === undefined) return
        const request = cut === 'malformed' ? undefined : decodeSmb2(cut.message)
        if (cut === 'malformed' || request?.ok !== true || request.value.isResponse) {
          return connection.close()
        }
        waiting = waiting.subarray(cut.length)
        connection.send(encodeSmb2({ ...request.value, isResponse: true }, guid))
      }
    },
    onEnd: () => connection.close(),
  }
}
