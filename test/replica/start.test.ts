/** The start and the end of a replica, against an engine's HTTP: what is asked in which order, what stays after a failure, and how it is told. */
import { describe, expect, test } from 'vitest'
import { fromUtf8 } from '../../src/base/bytes.ts'
import { reachEngine, type Engine } from '../../src/replica/engine.ts'
import { planReplica, type ReplicaPlan } from '../../src/replica/plan.ts'
import { removeReplica, replicaState } from '../../src/replica/replica.ts'
import { fetchPage, signIn } from '../../src/replica/sign-in.ts'
import { changeReplica, startReplica } from '../../src/replica/start.ts'
import { withoutRule } from '../../src/topology/edit.ts'
import { contoso } from '../../topologies/contoso/topology.ts'
import { startFakeEngine, type FakeEngine, type FakeOptions } from './fake-engine.ts'

function contosoPlan(): ReplicaPlan {
  const plan = planReplica(contoso)
  if (!plan.ok) throw new Error(plan.error.map(({ message }) => message).join('\n'))
  return plan.value
}
const plan = contosoPlan()

async function engineOf(fake: FakeEngine): Promise<Engine> {
  const engine = await reachEngine(`unix://${fake.socket}`)
  if (!engine.ok) throw new Error(engine.error.message)
  return engine.value
}

async function started(options: FakeOptions = {}, signal = new AbortController().signal) {
  const fake = await startFakeEngine(options)
  const result = await startReplica(await engineOf(fake), plan, { base: 'base', signal })
  return {
    fake,
    result,
    async [Symbol.asyncDispose]() {
      await fake[Symbol.asyncDispose]()
    },
  }
}

const messageOf = ({ result }: Awaited<ReturnType<typeof started>>): string =>
  result.ok ? 'up' : `${result.error.kind}: ${result.error.message}`

/** Runs of the same request as one. */
const phases = (requests: readonly string[]): readonly string[] =>
  requests
    .map((each) => each.replace(/\/(?:c|e|n)\d+|\/sallyport-[^/]+/, '/*'))
    .filter((each, at, all) => each !== all[at - 1])

describe('a start', () => {
  test('clears what is left, then builds, lays the cables, and begins node by node', async () => {
    await using up = await started()
    expect(messageOf(up)).toBe('up')
    const { fake } = up
    const [before] = phases(fake.requests).join('\n').split('POST /containers/create')
    expect(before!.trim().split('\n')).toEqual([
      'GET /_ping',
      'GET /containers/json',
      'GET /networks',
      'GET /images/base/json',
      'POST /build',
      'POST /images/prune',
      'POST /networks/create',
    ])
    expect(fake.builds.map(({ query }) => query.get('dockerfile'))).toEqual(
      ['client', 'gateway', 'nps', 'dns', 'web', 'firewall', 'router'].map(
        (role) => `${role}/Dockerfile`,
      ),
    )
    expect(fake.builds.map(({ query }) => query.get('buildargs'))).toEqual(
      Array.from({ length: 7 }, () => '{"BASE":"base"}'),
    )
    expect([...fake.containers.values()].map(({ state }) => state)).toEqual(
      plan.nodes.map(() => 'running'),
    )
    expect(fake.networks.size).toBe(plan.networks.length)
  })

  test('cables go into a running container, in the order of the topology, before it is given its secrets', async () => {
    await using up = await started()
    const { fake } = up
    const edge = [...fake.containers.values()].find(({ name }) => name.endsWith('edgeFirewall'))!
    expect(edge.networks).toEqual(
      ['edgeAccess', 'perimeterExternal', 'transit'].map((name) => `sallyport-contoso-${name}`),
    )
    const own = fake.requests.filter((each) => each.includes(edge.id) || each.includes('/connect'))
    const from = own.indexOf(`POST /containers/${edge.id}/start`)
    expect(own.slice(from, from + 5)).toEqual([
      `POST /containers/${edge.id}/start`,
      'POST /networks/sallyport-contoso-perimeterExternal/connect',
      'POST /networks/sallyport-contoso-transit/connect',
      `GET /containers/${edge.id}/json`,
      `PUT /containers/${edge.id}/archive`,
    ])
    expect(edge.archives.map(({ folder }) => folder)).toEqual(['/etc/sallyport/edgeFirewall'])
    expect(edge.archives[0]!.bytes.toString()).toContain(
      'eth0 02:42:00:00:00:01\neth1 02:42:00:00:00:02\neth2 02:42:00:00:00:03\n',
    )
    expect(edge.asked['HostConfig']).toMatchObject({
      CapAdd: ['NET_ADMIN', 'NET_RAW'],
      Devices: [{ PathOnHost: '/dev/net/tun' }],
      Sysctls: { 'net.ipv4.ip_forward': '1', 'net.netfilter.nf_conntrack_udp_timeout': '120' },
    })
  })

  test('no image holds a secret; the containers of those who need it are given it', async () => {
    await using up = await started()
    const { fake } = up
    const secret = 'gateway-and-nps1'
    const images = fake.builds.map(({ context }) => context.toString('latin1')).join('')
    expect(images).toContain('ike-to-gateway')
    for (const hidden of [secret, 'PRIVATE KEY', 'BEGIN CERTIFICATE', 'Analytical-Engine'])
      expect(images).not.toContain(hidden)
    const holders = [...fake.containers.values()]
      .filter(({ archives }) => archives.some(({ bytes }) => bytes.includes(secret)))
      .map(({ labels }) => labels['sallyport.node'])
    expect(holders).toEqual(['gateway', 'nps1'])
  })

  test('everything bears the label of its topology', async () => {
    await using up = await started()
    const { containers, networks } = up.fake
    for (const { labels } of [...containers.values(), ...networks.values()])
      expect(labels['sallyport.replica']).toBe('contoso')
  })

  test('over what is left of an earlier one: that goes first, and nothing of others', async () => {
    await using up = await started()
    const { fake } = up
    const others = { id: 'n999', name: 'somebody', labels: { 'sallyport.replica': 'lan' } }
    fake.networks.set(others.id, others)
    const first = [...fake.containers.keys()]
    const engine = await engineOf(fake)
    const { signal } = new AbortController()
    expect(await startReplica(engine, plan, { base: 'base', signal })).toMatchObject({ ok: true })
    expect(fake.containers.size).toBe(plan.nodes.length)
    expect([...fake.containers.keys()].filter((id) => first.includes(id))).toEqual([])
    expect(fake.networks.get(others.id)).toBe(others)
  })
})

describe('a change', () => {
  const changedPlan = planReplica(withoutRule('edgeFirewall', 'nat-t-to-gateway').apply(contoso))

  async function change(fake: FakeEngine, anew: readonly string[] = []) {
    const { signal } = new AbortController()
    const engine = await engineOf(fake)
    const first = await startReplica(engine, plan, { base: 'base', signal })
    if (!first.ok || !changedPlan.ok) throw new Error('it does not start')
    const before = new Set(fake.containers.keys())
    const options = { base: 'base', signal, plan: changedPlan.value, anew }
    const second = await changeReplica(engine, first.value, options)
    const fresh = [...fake.containers.values()].filter(({ id }) => !before.has(id))
    return { second, fresh: fresh.map(({ labels }) => labels['sallyport.node']) }
  }

  test('makes anew what differs, with an image of its own, and leaves the rest alone', async () => {
    await using fake = await startFakeEngine()
    const { second, fresh } = await change(fake)
    expect(second.ok && [...second.value.containers.keys()]).toEqual(
      plan.nodes.map(({ name }) => name),
    )
    expect(fresh).toEqual(['edgeFirewall'])
    expect(fake.containers.size).toBe(plan.nodes.length)
    expect(fake.builds.at(-1)!.query.get('dockerfile')).toBe('firewall/Dockerfile')
    expect(fake.builds.at(-1)!.context.toString()).not.toContain('nat-t-to-gateway')
  })

  test('makes anew who is to forget', async () => {
    await using fake = await startFakeEngine()
    expect((await change(fake, ['ispDns'])).fresh).toEqual(['ispDns', 'edgeFirewall'])
  })

  test('that fails leaves nothing', async () => {
    const nth = plan.nodes.length + 1
    const failures = [{ at: 'POST /containers/create', nth, message: 'disk full' }]
    await using fake = await startFakeEngine({ failures })
    const { second } = await change(fake)
    expect(second.ok ? 'changed' : second.error.message).toMatch(/disk full$/)
    expect(fake.containers.size).toBe(0)
    expect(fake.networks.size).toBe(0)
  })
})

const FAILURES: readonly (readonly [string, FakeOptions, RegExp])[] = [
  [
    'a network of that name that is not ours',
    {
      failures: [
        {
          at: 'POST /networks/create',
          nth: 3,
          status: 409,
          message: 'network with name sallyport-contoso-carrierAccess already exists',
        },
      ],
    },
    /^clash: network sallyport-contoso-\w+: network with name \S+ already exists$/,
  ],
  [
    'no addresses left for a network',
    {
      failures: [
        {
          at: 'POST /networks/create',
          status: 500,
          message: 'could not find an available, non-overlapping IPv4 address pool',
        },
      ],
    },
    /^clash: network .*non-overlapping IPv4 address pool$/,
  ],
  [
    'a container of that name that is not ours',
    {
      failures: [
        {
          at: 'POST /containers/create',
          nth: 6,
          status: 409,
          message: 'Conflict. The container name "/sallyport-contoso-ispDns" is already in use',
        },
      ],
    },
    /^clash: container sallyport-contoso-ispDns: Conflict\. .* already in use$/,
  ],
  [
    'a kernel that refuses a setting',
    {
      failures: [
        {
          at: 'POST /containers/c',
          nth: 9,
          status: 400,
          message: 'failed to create shim task: open /proc/sys/net: no such file',
        },
      ],
    },
    /^engine: container \S+: failed to create shim task/,
  ],
  [
    'a build that fails, in the words of its command',
    {
      build: [
        { stream: 'Step 4/7 : RUN install' },
        { stream: ' ---> Running in 0123456789ab\n' },
        { stream: 'E: Unable to locate package charon-systemd\n' },
        { errorDetail: { code: 100 }, error: 'The command returned a non-zero code: 100' },
      ],
    },
    /^no-image: image sallyport-contoso-client: The command returned a non-zero code: 100 \(E: Unable to locate package charon-systemd\)$/,
  ],
  [
    'no base image',
    {
      images: [],
      build: [{ error: 'pull access denied for base, repository does not exist' }],
    },
    /^no-base: no base image base, and the engine cannot fetch it: name one that it has with --base \(.*pull access denied/,
  ],
  [
    'a node that does not come up, in its own last words',
    {
      run: (_, container) => ({ status: container.endsWith('-nps1') ? 1 : 0 }),
      log: 'starting\n/etc/sallyport/nps1/clients.conf[3]: Parse error\n',
    },
    /^node: nps1 does not come up: \/etc\/sallyport\/nps1\/clients\.conf\[3\]: Parse error$/,
  ],
]

describe('a failure half-way', () => {
  test.each(FAILURES)('%s: one line, and nothing stays', async (_, options, line) => {
    await using up = await started(options)
    expect(messageOf(up)).toMatch(line)
    expect(messageOf(up)).not.toContain('\n')
    expect(up.fake.containers.size).toBe(0)
    expect(up.fake.networks.size).toBe(0)
  })

  test('what cannot be removed is told, and the rest goes all the same', async () => {
    await using up = await started({
      failures: [
        { at: 'POST /containers/create', nth: 4, status: 500, message: 'disk full' },
        { at: 'DELETE /containers/', nth: 2, status: 500, message: 'device is busy' },
      ],
    })
    expect(messageOf(up)).toMatch(
      /^engine: container \S+: disk full; and something stays: container \S+: device is busy$/,
    )
    expect(up.fake.containers.size).toBe(1)
    expect(up.fake.networks.size).toBe(0)
  })
})

describe('called off', () => {
  const MOMENTS = [
    'GET /images/base/json',
    'POST /build',
    'POST /networks/create',
    'PUT /containers/',
    'POST /exec',
  ]
  test.each(MOMENTS)('at %s: nothing stays', async (moment) => {
    const controller = new AbortController()
    await using up = await started(
      {
        onRequest: (what) => {
          if (what.startsWith(moment)) controller.abort()
        },
      },
      controller.signal,
    )
    expect(messageOf(up)).toBe('stopped: called off; what was started is gone')
    expect(up.fake.containers.size).toBe(0)
    expect(up.fake.networks.size).toBe(0)
  })
})

describe('an engine that is not there', () => {
  test.each([
    ['/nowhere/engine.sock', /^no engine at \/nowhere\/engine\.sock: connect ENOENT/],
    ['tcp://127.0.0.1:1', /^no engine at tcp:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/],
    ['ssh://somewhere', /^'ssh:\/\/somewhere' is neither a socket nor tcp:\/\/host:port$/],
  ])('%s', async (address, line) => {
    const engine = await reachEngine(address)
    expect(engine.ok ? 'reached' : engine.error.message).toMatch(line)
  })

  test('that hangs up half-way is data, too', async () => {
    let asked = 0
    await using up = await started({
      onRequest: () => {
        if ((asked += 1) > 20) throw new Error('hang up')
      },
    })
    expect(messageOf(up)).toMatch(/^no-engine: .*socket hang up; and something stays: /)
  })
})

describe('what stands', () => {
  test('is told node by node, and goes with its images when asked', async () => {
    await using up = await started()
    const { fake } = up
    const engine = await engineOf(fake)
    const state = await replicaState(engine, 'contoso')
    expect(state.ok && state.value.map(({ node, state: is }) => `${node} ${is}`)).toEqual(
      plan.nodes.map(({ name }) => `${name} running`).toSorted(),
    )
    expect(await removeReplica(engine, 'contoso', { images: true })).toEqual({
      ok: true,
      value: { containers: plan.nodes.length, networks: plan.networks.length, images: 7 },
    })
    expect([...fake.images.keys()]).toEqual(['base'])
    expect(await removeReplica(engine, 'contoso')).toMatchObject({ value: { containers: 0 } })
  })

  test('signs in, asks the server inside, and fetches', async () => {
    const commands: string[] = []
    await using up = await started({
      run: (command) => {
        commands.push(command.join(' '))
        const [program] = command
        if (program === 'ip') return { status: 0, output: '2: ipsec0 inet 172.16.20.130/32 scope' }
        if (program === 'cat')
          return {
            status: 0,
            output: 'nameserver 10.10.0.6   # by strongSwan\nnameserver 192.168.1.1\n',
          }
        if (program === 'dig') return { status: 0, output: 'ca1.corp.contoso.com.\n10.10.0.8\n' }
        return { status: 0, output: 'initiate completed successfully\n' }
      },
    })
    const engine = await engineOf(up.fake)
    expect(await signIn(engine, plan)).toEqual({
      ok: true,
      value: {
        isConnected: true,
        address: '172.16.20.130',
        dns: ['10.10.0.6'],
        log: ['initiate completed successfully'],
      },
    })
    const page = await fetchPage(
      engine,
      plan,
      new URL('http://pki.corp.contoso.com/x'),
      '10.10.0.6',
    )
    expect(page).toMatchObject({ value: { address: '10.10.0.8' } })
    expect(commands.at(-1)).toContain('--resolve pki.corp.contoso.com:80:10.10.0.8')
  })

  test('does not sign in: strongSwan says why', async () => {
    const refused = '[IKE] received AUTHENTICATION_FAILED notify error\n'
    await using up = await started({
      run: (command) =>
        command.includes('--initiate') ? { status: 22, output: refused } : { status: 0 },
    })
    expect(await signIn(await engineOf(up.fake), plan)).toEqual({
      ok: true,
      value: { isConnected: false, dns: [], log: [refused.trim()] },
    })
  })
})

test('the text of an engine is read whatever it is', async () => {
  await using up = await started({ log: fromUtf8(new Uint8Array([0xff, 0xfe, 0x41])) })
  const log = await (await engineOf(up.fake)).log([...up.fake.containers.keys()][0]!, 5)
  expect(log.ok).toBe(true)
})
