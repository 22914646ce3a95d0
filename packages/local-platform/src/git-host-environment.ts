/**
 * The whole environment of every git process of the host: nothing in it can ask, log in or configure.
 * @param home folder git may take for its home; `binaries` is the PATH
 */
export function gitEnvironment(home: string, binaries: string): Record<string, string> {
  return {
    PATH: binaries,
    HOME: home,
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    // A path in a request is a path, never a pattern or a `:(magic)` word.
    GIT_LITERAL_PATHSPECS: '1',
    // The folder may have been made by another user (root, then not): it is ours all the same.
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    GIT_CONFIG_KEY_1: 'http.getanyfile',
    GIT_CONFIG_VALUE_1: 'false',
  };
}
