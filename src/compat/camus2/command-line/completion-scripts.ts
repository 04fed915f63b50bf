/** The script for a shell that `program` was asked for, or undefined when the command line is a normal one. */
export function completionScript(argv: readonly string[]): string | undefined {
  const [option = '', program = 'c2'] = argv
  const shell = /^--(bash|zsh|fish)-completion-script$/.exec(option)?.[1]
  if (shell === 'bash') return bashScript(program)
  if (shell === 'zsh') return zshScript(program)
  return shell === 'fish' ? fishScript(program) : undefined
}

function bashScript(program: string): string {
  return `_c2()
{
    local request=(--bash-completion-index "$COMP_CWORD") word IFS=$'\\n'
    for word in "\${COMP_WORDS[@]}"; do
        request+=(--bash-completion-word "$word")
    done
    COMPREPLY=( $(${quoted(program)} "\${request[@]}") )
}

complete -o filenames -F _c2 c2
`
}

function zshScript(program: string): string {
  return `#compdef c2

_c2()
{
    local line word
    local -a request described plain
    request=(--bash-completion-enriched --bash-completion-index $((CURRENT - 1)))
    for word in "\${words[@]}"; do
        request+=(--bash-completion-word "$word")
    done
    for line in "\${(@f)$(${quoted(program)} "\${request[@]}")}"; do
        if [[ "$line" == *$'\\t'* ]]; then
            described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
        elif [[ -n "$line" ]]; then
            plain+=("$line")
        fi
    done
    (( \${#described} )) && _describe c2 described
    (( \${#plain} )) && compadd -f -- "\${plain[@]}"
}

compdef _c2 c2
`
}

function fishScript(program: string): string {
  return `function _c2
    set -l words (commandline -o -c)
    set -l request --bash-completion-enriched --bash-completion-index (count $words)
    for word in $words
        set request $request --bash-completion-word $word
    end
    set request $request --bash-completion-word (commandline -t)
    ${quoted(program)} $request
end

complete --no-files --command c2 --arguments '(_c2)'
`
}

function quoted(program: string): string {
  return /^[\w@%+=:,./-]+$/.test(program)
    ? program
    : `'${program.replaceAll("'", String.raw`'\''`)}'`
}
