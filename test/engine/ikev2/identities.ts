/** Who proves itself with what, in the tests of IKEv2: RSA from the tests' authorities, ECDSA as OpenSSL made them once (`openssl req -x509 -newkey ec`). */
import { createPrivateKey } from 'node:crypto'
import { utf8 } from '../../../src/base/bytes.ts'
import type { IkeCertificate } from '../../../src/engine/ikev2/options.ts'
import { IdType } from '../../../src/wire/ikev2/numbers.ts'
import { identityOf } from '../tls-pair.ts'

const named = (name: string) => ({ type: IdType.ID_FQDN, data: utf8(name) })

export const GATEWAY: IkeCertificate = { identity: named('vpn.contoso.com'), ...identityOf('nps') }
export const LAPTOP: IkeCertificate = { identity: named('laptop'), ...identityOf('laptop') }

const P256 = {
  key: `MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3GpC6I+/R5JkzHaek6Z9TwRYfNUMmqfqHsUamNQ1p8yhRANCAAS0xxVGj900cqskoUSFcsraO7PJaSEk
7WPyQ5/nbptflNagvw1b9u/+ccFZEVen7ydeQwSc+1G+UtgKwgDkqOKP`,
  certificate: `MIIBgjCCASegAwIBAgIUXN1m7b2+pLyRQQxy/doaF0GQlMIwCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLZWNkc2EgUC0yNTYwHhcNMjYxMTI4MjAyNDA0WhcNMzYxMTI1
MjAyNDA0WjAWMRQwEgYDVQQDDAtlY2RzYSBQLTI1NjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLTHFUaP3TRyqyShRIVyyto7s8lpISTtY/JDn+dum1+U1qC/DVv2
7/5xwVkRV6fvJ15DBJz7Ub5S2ArCAOSo4o+jUzBRMB0GA1UdDgQWBBTWuHXVD7JXSIHsJTyLcY3ZdDuHyTAfBgNVHSMEGDAWgBTWuHXVD7JXSIHsJTyLcY3ZdDuHyTAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDjeXuryBlvq6p3jaS8Cc5y1ZDGafm+fImNwsOL5I4wHQIhAKFOY59SHTtsXCKv79teloxvw5o+3kIBmFZe
mVyw8T1k`,
}

const P384 = {
  key: `MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBgBN61B2QR4yltRQlzwZe6SHp7kKqG9LwiMbt5/GxtM0V6ma5OULlGgmpfblBJvsGhZANiAASVS+ZIrdVl
MDgAlU9Cg6Uj52CUBj4VeyU6JzPpnfYTyk4UhXr4TmbEOdl4aT+/sjRTuDaS9KCq9xLj0UZr8NW8cqVx/hvvCAMQI4JjhoDaD9ojTrBYsCpPUXVvtbzJLFU=`,
  certificate: `MIIBvjCCAUSgAwIBAgIUSu8PcQTtzfooWWhM5fEnOzgdaBcwCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLZWNkc2EgUC0zODQwHhcNMjYxMTI4MjAyNDA0WhcNMzYxMTI1
MjAyNDA0WjAWMRQwEgYDVQQDDAtlY2RzYSBQLTM4NDB2MBAGByqGSM49AgEGBSuBBAAiA2IABJVL5kit1WUwOACVT0KDpSPnYJQGPhV7JTonM+md9hPKThSFevhOZsQ5
2XhpP7+yNFO4NpL0oKr3EuPRRmvw1bxypXH+G+8IAxAjgmOGgNoP2iNOsFiwKk9RdW+1vMksVaNTMFEwHQYDVR0OBBYEFFmbDTFD8+KCeeCMsDrvcqlSZ5CZMB8GA1Ud
IwQYMBaAFFmbDTFD8+KCeeCMsDrvcqlSZ5CZMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDaAAwZQIxAKHGeWa14CIuUUtrmdOqLIAmtdQccfq78WFDY86D/SHx
cYsBJcbaUFdIYeHIpm0cQgIwYvg/TXwP2sdDHbng+TemrWhbRXd2pfEXviyoJjzyIA6Ci+VyDdK0ND8sWeja9B+e`,
}

const ecdsa = (name: string, { key, certificate }: typeof P256): IkeCertificate => ({
  identity: named(name),
  chain: [new Uint8Array(Buffer.from(certificate, 'base64'))],
  key: createPrivateKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'pkcs8' }),
})

export const ECDSA_256 = ecdsa('p256', P256)
export const ECDSA_384 = ecdsa('p384', P384)
