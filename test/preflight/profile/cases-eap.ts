/** L38 to L46: authentication and the EAP configuration. */
import { user, type Case } from './cases.ts'
import { EAP, MICROSOFT, ROOT } from './profiles.ts'

const PROMPT = '<DisableUserPromptForServerValidation>true</DisableUserPromptForServerValidation>'
const NAMES = '<ServerNames>nps1.corp.contoso.com</ServerNames>'
const TRUSTED = `<TrustedRootCA>${ROOT}</TrustedRootCA>`
const OTHER_ROOT = '00112233445566778899aabbccddeeff00112233'
const SSTP = [
  '<NativeProtocolType>IKEv2</NativeProtocolType>',
  '<NativeProtocolType>SSTP</NativeProtocolType>',
] as const

export const EAP_CASES: readonly Case[] = [
  user(
    'L38',
    'passwords',
    [['<UserMethod>Eap', '<UserMethod>MSChapv2']],
    [['error', 'MSChapv2', /with IKEv2/]],
  ),
  user(
    'L38',
    'a machine certificate',
    [SSTP, ['<MachineMethod>Eap', '<MachineMethod>Certificate']],
    [['error', 'Certificate</MachineMethod>', /only IKEv2/]],
  ),
  user('L38', 'passwords by SSTP', [SSTP, ['<UserMethod>Eap', '<UserMethod>MSChapv2']]),

  user('L39', 'no configuration', [[EAP, '']], [['error', 'Eap</UserMethod>', /no EapHostConfig/]]),
  user(
    'L39',
    'no settings',
    [
      ['<Config>', '<!--'],
      ['</Config>', '-->'],
    ],
    [['warning', '<EapHostConfig', /no <Config>/]],
  ),
  user(
    'L39',
    'no method',
    [
      ['<UserMethod>Eap</UserMethod>', ''],
      ['<MachineMethod>Eap</MachineMethod>', ''],
    ],
    [['error', '<Authentication>', /nobody proves/]],
  ),
  user('L39', 'with one', [['<UserMethod>Eap', '<UserMethod>eap']]),

  user('L40', 'no XML', [[EAP, 'see Get-EapConfiguration']], [['error', 'see Get', /no XML/]]),
  user(
    'L40',
    'broken XML in a section',
    [[EAP, `<![CDATA[${EAP.replace('</Config>', '')}]]>`]],
    [['error', '</EapHostConfig>', /is no XML: <\/EapHostConfig>/]],
  ),
  user('L40', 'something else', [[EAP, '&lt;EapMethod/&gt;']], [['error', '&lt;', /<EapMethod>/]]),
  user('L40', 'a section', [[EAP, `<![CDATA[${EAP}]]>`]]),
  user('L40', 'escaped', [[EAP, EAP.replaceAll('<', '&lt;').replaceAll('>', '&gt;')]]),

  user(
    'L41',
    'two numbers',
    [['<Type>25</Type>', '<Type>26</Type>']],
    [
      ['error', '26', /26 here and 25/],
      ['error', '26', /settings are MsPeap/],
    ],
  ),
  user(
    'L41',
    'settings of another method',
    [['<Type>13</Type>', '<Type>26</Type>']],
    [['error', '26', /EAP-MSCHAPv2.*EapTls/]],
  ),
  user(
    'L41',
    'no method',
    [[/<EapMethod>[\s\S]*<\/EapMethod>/.exec(EAP)![0], '']],
    [['error', '<EapHostConfig', /needs an <EapMethod>/]],
  ),
  user('L41', 'as it should be', []),

  user(
    'L42',
    'none',
    [
      [NAMES, ''],
      [NAMES, '<ServerNames></ServerNames>'],
    ],
    [
      ['warning', '<ServerValidation>', /any server/],
      [
        'warning',
        '<ServerValidation>\n                <DisableUserPromptForServerValidation>true</DisableUserPromptForServerValidation>\n                <ServerNames></ServerNames>',
        /any server/,
      ],
    ],
  ),
  user(
    'L42',
    'commas and quotes',
    [['nps1.corp.contoso.com<', '"nps1.a.x", "nps2.a.x"<']],
    [['warning', '"nps1', /blanks, quotes or commas/]],
  ),
  user(
    'L42',
    'capital letters',
    [['nps1.corp.contoso.com<', 'NPS1.corp.contoso.com<']],
    [['info', 'NPS1', /and no other/]],
  ),
  user(
    'L42',
    'capital letters, in 21H2',
    [['nps1.corp.contoso.com<', 'NPS1.corp.contoso.com<']],
    [['warning', 'NPS1', /853/]],
    { os: 'windows-11-21h2' },
  ),
  user('L42', 'a pattern, and two', [['nps1.corp.contoso.com<', 'nps*.corp.contoso.com;a.x<']]),
  user('L42', 'capital letters, in 22H2', [['nps1.corp.contoso.com<', 'NPS1.a.x<']], [], {
    os: 'windows-11',
  }),

  user('L43', 'none', [[TRUSTED, '']], [['warning', '<ServerValidation>', /Windows 11 refuses/]]),
  user('L43', 'none, for Windows 11', [[TRUSTED, '']], [['error', '<ServerValidation>', /853/]], {
    os: 'windows-11',
  }),
  user('L43', 'none, for Windows 10', [[TRUSTED, '']], [['warning', '<ServerV', /any root/]], {
    os: 'windows-10',
  }),
  user('L43', 'no thumbprint', [[ROOT, `${ROOT}00`]], [['error', `${ROOT}00`, /not a thumbprint/]]),
  user(
    'L43',
    'the server is not checked',
    [
      [
        '<FastReconnect>',
        `<PeapExtensions><PerformServerValidation>false</PerformServerValidation></PeapExtensions><FastReconnect>`,
      ],
    ],
    [['warning', '<ServerValidation>', /tells anybody/]],
  ),
  user(
    'L43',
    'of an authority that is no root, of none',
    [[ROOT, OTHER_ROOT]],
    [
      ['error', OTHER_ROOT, /Issuing, which is no root/],
      ['error', ROOT, /no authority of the topology/],
    ],
    { authorities: [{ name: 'Issuing', thumbprint: OTHER_ROOT, isRoot: false }] },
  ),
  user('L43', 'with blanks', [[ROOT, ROOT.toUpperCase().replaceAll(/(..)/g, '$1 ')]], [], {
    authorities: [{ name: 'Root', thumbprint: ROOT, isRoot: true }],
  }),

  user(
    'L44',
    'users are asked',
    [[PROMPT, '']],
    [['warning', '<ServerValidation>', /may be asked/]],
  ),
  user('L44', 'nobody is', []),

  user(
    'L45',
    'users choose',
    [['>true</SimpleCert', '>false</SimpleCert']],
    [['warning', 'false</SimpleCert', /several certificates/]],
  ),
  user(
    'L45',
    'not said',
    [['<SimpleCertSelection>true</SimpleCertSelection>', '']],
    [['warning', `<EapType xmlns="${MICROSOFT}/EapTls`, /several certificates/]],
  ),
  user('L45', 'a card', [
    [/<CertificateStore>[\s\S]*<\/CertificateStore>/.exec(EAP)![0], '<SmartCard/>'],
  ]),

  user(
    'L46',
    'https',
    [[`${MICROSOFT}/EapHostConfig`, `${MICROSOFT.replace('http', 'https')}/EapHostConfig`]],
    [['error', '<EapHostConfig', /cannot be installed/]],
  ),
  user(
    'L46',
    'none',
    [[` xmlns="${MICROSOFT}/EapHostConfig"`, '']],
    [['error', '<EapHostConfig', /no namespace/]],
  ),
  user('L46', 'as Windows exports it', []),
]
