# Run by azd after the resources stand; run again by hand whenever a step did not succeed.
$ErrorActionPreference = 'Stop'
Set-Location (Join-Path $PSScriptRoot '../..')
$python = if (Get-Command python -ErrorAction SilentlyContinue) { 'python' } else { 'python3' }
& $python dev.py deploy @args
exit $LASTEXITCODE
