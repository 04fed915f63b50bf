/** What `c2 help` prints. */
export const helpText = `c2 brings releases to this machine and puts them behind an nginx proxy. It is sluice's drop-in for
Camus2 and works on the same files.

RELEASES
  A release is a zip archive with a release.json at its root, which names the templates to render
  and the commands that prepare, start and stop it:

    { "templates": ["docker-compose.yml.tpl"],
      "prestartCommand": "docker compose pull",
      "startCommand": "docker compose up -d",
      "stopCommand": "docker compose kill && docker compose rm -f" }

  A template is rendered with mustache to the same path without its last extension.

CONFIGURATION
  c2 reads the file named by CAMUS2_CONFIG, or else ../etc/camus2.json or ../etc/camus2.yaml beside
  the directory of the program. The least that works:

    { "releases": { "localdir": "/opt/releases" } }

WITHOUT A PROXY ("deployMode": "noproxy")
  c2 start app-1.2.zip     unpack and prepare app-1.2, stop what runs, start app-1.2
  c2 stop app-1.2          stop what runs

WITH A PROXY ("deployMode": {"proxy": ...})
  c2 start app-1.2.zip     start app-1.2 on a port of its own, beside what runs
  c2 connect main app-1.2  let the endpoint main serve it
  c2 disconnect main       let it serve nothing
  c2 stop app-1.2          stop and remove it
  c2 status                show endpoints and deploys

EXIT STATUS
  0, or 1 when the command failed (the log tells why) or its output could not be written. With
  CAMUS2_COMPAT_EXIT0=1 failures that are logged end with 0, as Camus2 itself did.

More: c2 COMMAND --help
`
