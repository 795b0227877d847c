/** The text that nginx would load. Whether a page comes is for nginx to say (`npm run oracle -- replica`). */
import { expect, test } from 'vitest'
import { compileTopology } from '../../../src/lab/compile.ts'
import { renderNginx, type NginxFiles } from '../../../src/replica/render/nginx.ts'
import { webServer } from '../../../src/topology/services.ts'
import { edit, type Edit } from '../../../src/topology/edit.ts'
import { contoso } from '../../../topologies/contoso/topology.ts'

function rendered(node: string, change?: Edit): NginxFiles {
  const compiled = compileTopology(change?.apply(contoso) ?? contoso)
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join('\n'))
  return renderNginx({ compiled: compiled.value, node, directory: '/srv/web' })
}

const withSites = (...services: readonly ReturnType<typeof webServer>[]): Edit =>
  edit('other sites', (before) => ({
    ...before,
    nodes: { ...before.nodes, intranet: { ...before.nodes['intranet']!, services } as never },
  }))

test('pages are files of their own; HTTPS has certificate and key, which are made at start', () => {
  const { files, published, notRendered } = rendered('intranet')
  expect(files.map(({ name, isMadeAtStart }) => `${name}${isMadeAtStart ? '*' : ''}`)).toEqual([
    'nginx.conf',
    'pages/1-1',
    'pages/2-1',
    'site-2.pem*',
    'site-2.key*',
  ])
  const [conf] = files
  expect(conf!.text).toContain('listen 80;')
  expect(conf!.text).toContain('listen 443 ssl;')
  expect(conf!.text).toContain('location = "/" {')
  expect(published).toEqual([])
  expect(notRendered).toEqual([])
})

test('what an authority publishes is there once, though it has two URLs, as its own type', () => {
  const { files, published } = rendered('ca1')
  const paths = [...files[0]!.text.matchAll(/location = "([^"]+)"/g)].map(([, path]) => path ?? '')
  expect(new Set(paths)).toEqual(
    new Set(['/issuing.crl', '/issuing.crt', '/root.crl', '/root.crt']),
  )
  expect(paths).toHaveLength(4)
  expect(published).toHaveLength(4)
  expect(files[0]!.text).toContain('default_type application/pkix-crl;')
  // DER begins with a SEQUENCE.
  expect(published.every(({ bytes }) => bytes[0] === 0x30)).toBe(true)
})

test('nothing in a path breaks out of it', () => {
  const path = '/a"; return 200 "b\\'
  const { files } = rendered('intranet', withSites(webServer({ pages: { [path]: 'x' } })))
  expect(files[0]!.text).toContain(String.raw`location = "/a\"; return 200 \"b\\" {`)
})

test('a path that cannot be written, and a port without a certificate, are told', () => {
  const { files, notRendered } = rendered(
    'intranet',
    withSites(
      webServer({ pages: { '/a\nb': 'x' } }),
      webServer({ port: 8443, certificate: 'web' }),
    ),
  )
  expect(notRendered).toContain('no page at "/a\\nb": control characters')
  expect(files[0]!.text).toContain('listen 8443 ssl;')
})

test('a node without a web server is no web server', () => {
  expect(() => rendered('dc1')).toThrow('dc1 has no web server that could be rendered')
})
