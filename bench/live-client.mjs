// A client of a live lab in a process of its own: `load` keeps requests on their way, `flood` sends garbage, `ask` sends again as RADIUS does.
import dgram from 'node:dgram'
import { once } from 'node:events'

const HOST = '127.0.0.1'
/** As RADIUS clients do, with less patience. */
const TRIES = 3
const TRY_MS = 1000

async function open() {
  const socket = dgram.createSocket({
    type: 'udp4',
    lookup: (host, _options, done) => done(null, host, 4),
  })
  // Without a look-up it is bound before this returns.
  await new Promise((resolve) => socket.bind(0, HOST, resolve))
  return socket
}

async function load({ port, request, count, inFlight }) {
  const socket = await open()
  let sent = 0
  let answered = 0
  const send = () => {
    if (sent >= count) return
    sent++
    socket.send(request, port, HOST)
  }
  const begin = performance.now()
  await new Promise((resolve) => {
    let seen = -1
    // What was lost in a full buffer is sent again.
    const again = setInterval(() => {
      const missing = answered === seen ? Math.min(inFlight, count - answered) : 0
      for (let i = 0; i < missing; i++) socket.send(request, port, HOST)
      seen = answered
    }, 200)
    socket.on('message', () => {
      answered++
      if (answered === count) {
        clearInterval(again)
        resolve()
      } else send()
    })
    for (let i = 0; i < inFlight; i++) send()
  })
  const seconds = (performance.now() - begin) / 1e3
  socket.close()
  return { seconds }
}

async function flood({ port, seconds, perSecond }) {
  const sockets = []
  for (let i = 0; i < 1000; i++) sockets.push(await open())
  const begin = performance.now()
  let sent = 0
  let waiting = 0
  while (performance.now() - begin < seconds * 1e3) {
    const due = Math.min(seconds * perSecond, ((performance.now() - begin) / 1e3) * perSecond)
    for (; sent < due && waiting < 5000; sent++) {
      const garbage = Buffer.alloc(20 + (sent % 80), sent & 0xff)
      waiting++
      sockets[sent % sockets.length].send(garbage, port, HOST, () => waiting--)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  for (const socket of sockets) socket.close()
  return { sent }
}

async function ask({ port, request, seconds }) {
  const socket = await open()
  const tries = []
  const begin = performance.now()
  while (performance.now() - begin < seconds * 1e3) {
    let tried = 0
    let isAnswered = false
    while (!isAnswered && tried < TRIES) {
      tried++
      socket.send(request, port, HOST)
      const stop = new AbortController()
      const answer = once(socket, 'message', { signal: stop.signal }).then(
        () => true,
        () => false,
      )
      const timer = setTimeout(() => stop.abort(), TRY_MS)
      isAnswered = await answer
      clearTimeout(timer)
    }
    tries.push(isAnswered ? tried : 0)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  socket.close()
  return { tries }
}

process.once('message', async (task) => {
  const request = Buffer.from(task.request ?? '', 'hex')
  process.send(await { load, flood, ask }[task.kind]({ ...task, request }))
  process.disconnect()
})
