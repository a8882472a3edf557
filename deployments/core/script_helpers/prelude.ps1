# Runs a script with the variables and functions of octoplat:  pwsh -File prelude.ps1 SCRIPT
# Works from Windows PowerShell 5.1 on.
param([Parameter(Mandatory = $true)][string] $OctoplatScript)

$ErrorActionPreference = 'Stop'

function ConvertTo-ServiceMessageValue([string] $value) {
    [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($value))
}

function ConvertFrom-ServiceMessageValue([string] $value) {
    [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($value))
}

function Send-OctopusMessage([string] $name, [Collections.IDictionary] $properties) {
    $given = foreach ($key in $properties.Keys) {
        " $key='$(ConvertTo-ServiceMessageValue $properties[$key])'"
    }
    Microsoft.PowerShell.Utility\Write-Host "##octopus[$name$(-join $given)]"
}

function Write-OctopusLine([string] $level, [string] $text) {
    Microsoft.PowerShell.Utility\Write-Host "##octopus[stdout-$level]"
    Microsoft.PowerShell.Utility\Write-Host $text
    Microsoft.PowerShell.Utility\Write-Host '##octopus[stdout-default]'
}

function Set-OctopusVariable([string] $name, [string] $value, [switch] $sensitive) {
    $properties = [ordered]@{ name = $name; value = $value }
    if ($sensitive) { $properties['sensitive'] = 'True' }
    Send-OctopusMessage 'setVariable' $properties
}

function New-OctopusArtifact([string] $path, [string] $name) {
    $full = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($path)
    if (-not $name) { $name = [IO.Path]::GetFileName($full) }
    $length = 0
    if (Test-Path -LiteralPath $full -PathType Leaf) { $length = (Get-Item -LiteralPath $full).Length }
    Write-Verbose "Artifact $name will be collected from $full after this step completes"
    Send-OctopusMessage 'createArtifact' ([ordered]@{ path = $full; name = $name; length = $length })
}

function Update-Progress([int] $percentage, [string] $message) {
    Send-OctopusMessage 'progress' ([ordered]@{ percentage = $percentage; message = $message })
}

function Fail-Step([string] $message) {
    if ($message) { Send-OctopusMessage 'resultMessage' ([ordered]@{ message = $message }) }
    exit 1
}

function Remove-OctopusTarget([string] $targetIdOrName) {
    Send-OctopusMessage 'delete-target' ([ordered]@{ machine = $targetIdOrName })
}

function Write-Verbose { param([Parameter(Position = 0, ValueFromPipeline = $true)][string] $message)
    process { Write-OctopusLine 'verbose' $message }
}

function Write-Highlight { param([Parameter(Position = 0, ValueFromPipeline = $true)][string] $message)
    process { Write-OctopusLine 'highlight' $message }
}

function Write-Wait { param([Parameter(Position = 0, ValueFromPipeline = $true)][string] $message)
    process { Write-OctopusLine 'wait' $message }
}

function Write-Warning { param([Parameter(Position = 0, ValueFromPipeline = $true)][string] $message)
    process { Write-OctopusLine 'warning' $message }
}

$OctoplatFile = Join-Path $PSScriptRoot 'variables'
$OctoplatContent = Get-Content -LiteralPath $OctoplatFile -Raw -Encoding UTF8 | ConvertFrom-Json
Remove-Item -LiteralPath $OctoplatFile -Force

$OctopusParameters = New-Object 'System.Collections.Generic.Dictionary[string,string]' (
    [StringComparer]::OrdinalIgnoreCase)
foreach ($pair in $OctoplatContent.Variables) {
    $OctopusParameters[$pair.Name] = $pair.Value
    $simple = $pair.Name -replace '[^a-zA-Z0-9]', ''
    # Never over a variable of PowerShell itself, such as $Host.
    if ($simple -and -not (Test-Path -LiteralPath "variable:$simple")) {
        Set-Variable -Name $simple -Value $pair.Value -Scope Global
    }
}
$OctoplatParameters = @($OctoplatContent.Parameters)

. $OctoplatScript @OctoplatParameters
if ($null -ne $global:LASTEXITCODE) { exit $global:LASTEXITCODE }
