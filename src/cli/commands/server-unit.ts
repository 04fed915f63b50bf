import { result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'

export const serverUnit = defineCommand({
  name: 'server unit',
  group: 'Server',
  summary: 'print a systemd unit for the control server',
  description: 'For the settings that `sluice server` would read here.',
  arguments: {},
  options: {
    user: { value: 'ACCOUNT', summary: 'account to run it as; sluice-server unless given' },
  },
  examples: [
    {
      line: 'server unit > /etc/systemd/system/sluice-server.service',
      meaning: 'Then `systemctl enable --now sluice-server`.',
    },
  ],
  async run(context, { user = 'sluice-server' }) {
    const { serverSettings, settingsFile } = await import('../server/serve-until-stopped.ts')
    const { renderServerUnit } = await import('../../control/index.ts')
    const { ownCommand } = await import('../../system/index.ts')
    const settings = await serverSettings(context, undefined)
    const command = ownCommand()
    const unit = renderServerUnit({ command, config: settingsFile(context), user, settings })
    return result({ unit }, ({ unit: text }) => text.trimEnd())
  },
})
