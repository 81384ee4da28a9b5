{
  # The C library as one file (scripts/source.js makes csource/ in a checkout), a shared one so that its inner names meet nobody's:
  # the addon and the command line have it.
  'target_defaults': {
    'include_dirs': ['csource'],
    'defines': ['_GNU_SOURCE'],
    'cflags': ['-std=gnu11', '-fvisibility=hidden', '-fPIC', '-Wno-missing-field-initializers'],
    'configurations': {'Release': {'cflags!': ['-O3'], 'cflags': ['-O2']}},
  },
  'targets': [
    {
      'target_name': 'migrate',
      'type': 'shared_library',
      'sources': ['csource/libmigrate.c'],
      'cflags': ['<!@(pkg-config --cflags libpq sqlite3 libmd)'],
      'libraries': ['<!@(pkg-config --libs libmd)', '-ldl'],
    },
    {
      'target_name': 'addon',
      'dependencies': ['migrate'],
      'sources': [
        'src/answers.c', 'src/call.c', 'src/migrator.c', 'src/module.c', 'src/requests.c', 'src/values.c', 'src/verbs.c', 'src/work.c',
      ],
      'libraries': ['-lpthread'],
    },
    {
      'target_name': 'migratectl',
      'type': 'executable',
      'dependencies': ['migrate'],
      'sources': ['<!@(node scripts/source.js --list)'],
    },
  ],
}
