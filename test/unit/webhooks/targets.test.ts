import { describe, expect, test } from 'vitest'
import { isPublicAddress, refusalOfUrl } from '../../../src/webhooks/targets.ts'

describe('an address', () => {
  test.for([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001::1',
    '2001:4860:4860::8888',
    '3ffe:ffff::1',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  test.for([
    ['0.0.0.0', 'unspecified'],
    ['0.255.255.255', 'this network'],
    ['10.0.0.0', 'private'],
    ['10.255.255.255', 'private'],
    ['100.64.0.0', "a provider's"],
    ['100.127.255.255', "a provider's"],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['169.254.0.1', 'link-local'],
    ['169.254.169.254', "a cloud's metadata"],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['192.0.0.8', 'special'],
    ['192.0.2.1', 'documentation'],
    ['192.88.99.1', 'relay'],
    ['192.168.0.0', 'private'],
    ['192.168.255.255', 'private'],
    ['198.18.0.1', 'benchmarks'],
    ['198.19.255.255', 'benchmarks'],
    ['198.51.100.1', 'documentation'],
    ['203.0.113.255', 'documentation'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.250', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['::127.0.0.1', 'IPv4-compatible'],
    ['::ffff:127.0.0.1', 'IPv4-mapped'],
    ['::ffff:7f00:1', 'IPv4-mapped'],
    ['::ffff:8.8.8.8', 'IPv4-mapped'],
    ['::ffff:0:127.0.0.1', 'IPv4-translated'],
    ['64:ff9b::7f00:1', 'NAT64'],
    ['64:ff9b::10.0.0.1', 'NAT64'],
    ['64:ff9b:1::a00:1', 'NAT64, local'],
    ['100::1', 'discard'],
    ['2001::1', 'Teredo'],
    ['2001:2::1', 'benchmarks'],
    ['2001:db8::1', 'documentation'],
    ['2002:7f00:1::', '6to4'],
    ['3fff::1', 'documentation'],
    ['fc00::1', 'unique local'],
    ['fd12:3456:789a::1', 'unique local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local with zone'],
    ['2a00::1%eth0', 'with zone'],
    ['febf::1', 'link-local'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
    ['localhost', 'no address'],
    ['127.1', 'no address'],
    ['', 'no address'],
  ] as const)('%s is not (%s)', ([address]) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})

const refusal = (url: string, allowPrivate = false) => refusalOfUrl(new URL(url), allowPrivate)

describe('a URL', () => {
  test.for(['https://hooks.example/catch/1', 'https://hooks.example:8443/', 'https://1.1.1.1/', 'https://[2a00::1]/'])(
    '%s passes',
    (url) => {
      expect(refusal(url)).toBeUndefined()
    },
  )

  test('without TLS is refused', () => {
    expect(refusal('http://hooks.example/')).toBe('is not https')
    expect(refusal('ftp://hooks.example/')).toBe('is not https')
  })

  test.for([
    'https://127.0.0.1/',
    'https://127.0.0.1:8443/',
    'https://127.0.0.1./',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.0.0.1/',
    'https://017700000001/',
    'https://0177.0.0.1/',
    'https://0/',
    'https://１２７.0.0.1/',
    'https://①②⑦.⓪.⓪.①/',
    'https://127。0。0。1/',
    'https://%31%32%37.0.0.1/',
    'https://10.1/',
    'https://192.168.257/',
    'https://2852039166/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[0:0:0:0:0:ffff:a9fe:a9fe]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://[fe80::1]/',
    'https://[fd00::1]/',
  ])('%s is refused', (url) => {
    expect(refusal(url)).toMatch(/not of the public internet/)
  })

  test('may name anything where private targets are allowed', () => {
    for (const url of ['http://127.0.0.1:9000/', 'https://10.0.0.7/', 'http://[::1]/', 'http://receiver.internal/'])
      expect(refusal(url, true)).toBeUndefined()
  })
})
