export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The script that teaches a shell to complete a program; it asks the program itself for every name. */
export function completionScript(shell: Shell, program: string): string {
  const template = { bash, zsh, fish }[shell]
  return template
    .replaceAll('@PROGRAM@', program)
    .replaceAll('@NAME@', program.replaceAll('-', '_'))
}

const bash = `# bash completion of @PROGRAM@. To load it: source <(@PROGRAM@ completion bash)
_@NAME@_complete() {
  local answer
  mapfile -t answer < <(@PROGRAM@ --completion bash "$COMP_WORDBREAKS" "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  COMPREPLY=("\${answer[@]:1}")
  if [[ "\${answer[0]}" == files ]]; then compopt -o default 2>/dev/null; fi
  if [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -F _@NAME@_complete @PROGRAM@
`

const zsh = `#compdef @PROGRAM@
# zsh completion of @PROGRAM@. To load it: source <(@PROGRAM@ completion zsh)
_@NAME@_complete() {
  local -a answer names
  answer=("\${(@f)$(@PROGRAM@ --completion zsh "\${(@Q)words[1,CURRENT]}" 2>/dev/null)}")
  if [[ "\${answer[1]}" == files ]]; then
    _files
    return
  fi
  names=("\${(@)answer[2,-1]}")
  _describe '@PROGRAM@' names
}
compdef _@NAME@_complete @PROGRAM@
`

const fish = `# fish completion of @PROGRAM@. To load it: @PROGRAM@ completion fish | source
function __@NAME@_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l answer (@PROGRAM@ --completion fish $words 2>/dev/null)
  if test "$answer[1]" = files
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $answer[2..-1]
  end
end
complete -c @PROGRAM@ -f -a '(__@NAME@_complete)'
`
