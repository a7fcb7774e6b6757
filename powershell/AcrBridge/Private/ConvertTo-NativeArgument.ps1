# Words as one command line. ProcessStartInfo.ArgumentList is not in .NET Framework; the rules are those of
# CommandLineToArgvW (learn.microsoft.com/windows/win32/api/shellapi/nf-shellapi-commandlinetoargvw), which .NET
# follows elsewhere, too: backslashes are doubled before a quote only, so also at the end of a quoted word.
function ConvertTo-NativeArgument {
    param([AllowEmptyString()] [string[]] $Argument)

    $quoted = foreach ($word in $Argument) {
        if ($word -ne '' -and $word -notmatch '[\s"]') {
            $word
        }
        else {
            '"{0}"' -f ($word -replace '(\\*)"', '$1$1\"' -replace '(\\+)$', '$1$1')
        }
    }
    $quoted -join ' '
}
