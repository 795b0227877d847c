#!/usr/bin/env python3
"""Holds the raw sockets of the firewall judge, which Node cannot open: runs commands in network namespaces, injects frames with
AF_PACKET, and tells what came out after each of them, and which rules logged. It knows nothing of rules or packets.

One JSON object a line on standard input, one answer a line on standard output. Needs root, iproute2, nftables; Python >= 3.9."""
import array
import base64
import ctypes
import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
ETH_P_IP = 0x0800
SO_RCVBUFFORCE = 33
SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17
PACKET_OUTGOING = 4
NETLINK_NETFILTER = 12
SOL_NETLINK, NETLINK_NO_ENOBUFS = 270, 5
NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE = 1, 2
NFNL_SUBSYS_ULOG, NFULNL_MSG_PACKET, NFULNL_MSG_CONFIG = 4, 0, 1
NLM_F_REQUEST, NLM_F_ACK = 1, 4
# A frame that has to wait for another CPU's soft interrupt arrives within this time.
QUIET_S = 0.002

libc = ctypes.CDLL('libc.so.6', use_errno=True)


def within(namespace, action):
    """Run `action` inside a namespace and come back. Sockets stay where they were opened."""
    home = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
    there = os.open('/var/run/netns/' + namespace, os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), 'setns ' + namespace)
        try:
            return action()
        finally:
            libc.setns(home, CLONE_NEWNET)
    finally:
        os.close(there)
        os.close(home)


def attribute(kind, data):
    return struct.pack('<HH', 4 + len(data), kind) + data + b'\0' * (-len(data) % 4)


def netlink(subsystem, message, family, resource, attributes):
    body = struct.pack('>BBH', family, 0, resource) + attributes
    header = struct.pack('<IHHII', 16 + len(body), subsystem << 8 | message, NLM_F_REQUEST | NLM_F_ACK, 1, 0)
    return header + body


def finish_checksums(namespace):
    """Make the routers write whole checksums: with transmit offload they would leave those of their own packets to hardware."""
    def switch_off():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for _, name in socket.if_nameindex():
            if name == 'lo':
                continue
            value = array.array('B', struct.pack('=II', ETHTOOL_STXCSUM, 0))
            fcntl.ioctl(s, SIOCETHTOOL, struct.pack('16sP', name.encode(), value.buffer_info()[0]))
        s.close()
    within(namespace, switch_off)


class Netfilter:
    """One router's NFLOG reader, and its connection tracking table to be flushed."""

    def __init__(self, namespace, group):
        self.log, self.table = within(namespace, lambda: (self.open(), self.open()))
        self.log.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.log.setsockopt(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)
        self.configure(socket.AF_INET, 0, attribute(1, b'\x03'))
        self.configure(0, group, attribute(1, b'\x01'))
        self.configure(0, group, attribute(2, struct.pack('>IBB', 4, 2, 0)))
        self.configure(0, group, attribute(5, struct.pack('>I', 1)))
        self.log.setblocking(False)

    @staticmethod
    def open():
        s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        s.bind((0, 0))
        return s

    def configure(self, family, group, attributes):
        self.log.send(netlink(NFNL_SUBSYS_ULOG, NFULNL_MSG_CONFIG, family, group, attributes))
        self.acknowledged(self.log, 'NFLOG')

    @staticmethod
    def acknowledged(s, what):
        error = struct.unpack('<i', s.recv(4096)[16:20])[0]
        if error:
            raise OSError(-error, what)

    def flush(self):
        self.table.send(netlink(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE, socket.AF_INET, 0, b''))
        self.acknowledged(self.table, 'conntrack flush')

    def prefixes(self):
        out = []
        while True:
            try:
                data = self.log.recv(65536)
            except BlockingIOError:
                return out
            at = 0
            while at + 16 <= len(data):
                length, kind = struct.unpack_from('<IH', data, at)
                if kind == NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET:
                    out.append(prefix_of(data, at + 20, at + length))
                at += (length + 3) & ~3


def prefix_of(data, at, end):
    while at + 4 <= end:
        length, kind = struct.unpack_from('<HH', data, at)
        if kind & 0x7fff == 10:
            return data[at + 4:at + length].rstrip(b'\0')
        at += (length + 3) & ~3
    return b''


class Stations:
    """The ends of all cables, in one namespace that never answers by itself."""

    def __init__(self, namespace, interfaces):
        self.ports = {}
        self.senders = []
        within(namespace, lambda: self.open(interfaces))

    def open(self, interfaces):
        self.receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
        self.receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.receiver.setblocking(False)
        for index, name in enumerate(interfaces):
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            s.bind((name, 0))
            self.senders.append(s)
            self.ports[name] = index

    def collect(self):
        out = []
        while True:
            try:
                frame, address = self.receiver.recvfrom(4096)
            except BlockingIOError:
                return out
            if address[2] != PACKET_OUTGOING and address[0] in self.ports:
                out.append((self.ports[address[0]], frame))


class Judge:
    def __init__(self):
        self.stations = None
        self.routers = []
        self.namespaces = []

    def run(self, request):
        """Commands, each with its standard input, in the namespace or at home. Stops at the first that fails."""
        for command in request['commands']:
            if command['argv'][:3] == ['ip', 'netns', 'add']:
                self.namespaces.append(command['argv'][3])
            action = lambda: subprocess.run(command['argv'], input=command.get('input'), text=True, capture_output=True)
            done = within(command['namespace'], action) if 'namespace' in command else action()
            if done.returncode:
                return {'error': ' '.join(command['argv']) + ': ' + done.stderr.strip()}
        return {}

    def open(self, request):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        self.stations = Stations(request['namespace'], request['interfaces'])
        for name in request['routers']:
            finish_checksums(name)
        self.routers = [Netfilter(name, request['group']) for name in request['routers']]
        return {}

    def flush(self, request):
        for router in request['routers']:
            self.routers[router].flush()
        return {}

    def batch(self, request):
        """`frames`: port (1 byte), length (2), bytes. Answer: per record input (4), kind (1: 0 frame, 1 log), port or router (1), length (2), bytes."""
        data = base64.b64decode(request['frames'])
        self.drain()
        out, times, at, count = [], [], 0, 0
        while at < len(data):
            port, length = struct.unpack_from('>BH', data, at)
            at += 3
            times.append(time.monotonic_ns() // 1000)
            self.stations.senders[port].send(data[at:at + length])
            at += length
            self.note(out, count, request['routers'])
            count += 1
        while select.select([self.stations.receiver], [], [], QUIET_S)[0]:
            self.note(out, count - 1, request['routers'])
        return {'times': times, 'records': base64.b64encode(b''.join(out)).decode()}

    def note(self, out, count, routers):
        for port, frame in self.stations.collect():
            out.append(struct.pack('>IBBH', count, 0, port, len(frame)) + frame)
        for router in routers:
            for prefix in self.routers[router].prefixes():
                out.append(struct.pack('>IBBH', count, 1, router, len(prefix)) + prefix)

    def drain(self):
        self.stations.collect()
        for router in self.routers:
            router.prefixes()

    def close(self):
        for name in self.namespaces:
            subprocess.run(['ip', 'netns', 'del', name], capture_output=True)

    def clock(self, _request):
        return {'now': time.monotonic_ns() // 1000}


def main():
    judge = Judge()
    try:
        serve(judge)
    finally:
        # However the run ends, also when the driver is gone.
        judge.close()


def serve(judge):
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(judge, request['op'])(request)
        except OSError as error:
            answer = {'error': str(error)}
        sys.stdout.write(json.dumps(answer) + '\n')
        sys.stdout.flush()


main()
