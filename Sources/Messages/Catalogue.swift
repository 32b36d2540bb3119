extension MessageCode {
    /// The code's meaning, remedy, usual severity and exit code: one switch, so that none can be forgotten.
    package var entry: CatalogueEntry {
        switch self {
        // usage and configuration
        case .usage:
            .error(.usage, "the command line can't be understood", "see 'latchkey COMMAND --help'")
        case .commandMissing:
            .error(.usage, "there is nothing to start, or no subcommand", "write 'latchkey run [options] -- COMMAND'")
        case .commandUnknown:
            .error(.usage, "there is no such subcommand", "see 'latchkey --help' for those that exist")
        case .optionUnknown:
            .error(.usage, "the subcommand has no such option", "see 'latchkey COMMAND --help' for those it has")
        case .optionValue:
            .error(.usage, "an option's value is missing or can't be used", "correct the value that is named")
        case .configurationMissing:
            .error(.noInput, "the configuration file does not exist", "correct --config or LATCHKEY_CONFIG")
        case .configurationUntrusted:
            .error(
                .configuration, "./latchkey.toml belongs to somebody else, or others can write it",
                "look it through, then name it with --config, or correct its owner and mode")
        case .configurationSyntax:
            .error(.configuration, "the configuration file is not TOML", "correct the line that is named")
        case .configurationKey:
            .error(
                .configuration, "the configuration file has a key that does not exist or stands in the wrong table",
                "take the key that the hint names; latchkey.toml(5) lists all")
        case .configurationValue:
            .error(
                .configuration, "a key of the configuration file has a value that can't be used",
                "correct the value in the line that is named")
        case .configurationDuplicate:
            .error(.configuration, "one variable or file was given twice", "keep one of the two places that are named")
        case .environmentValue:
            .error(
                .configuration, "an environment variable that latchkey reads has a value that can't be used",
                "correct or unset the variable that is named")
        case .environmentFileMissing:
            .error(.noInput, "a file of --env-file does not exist", "correct the path")
        case .environmentFileSyntax:
            .error(
                .configuration, "a line of an environment file can't be understood", "correct the line that is named")
        case .environmentFileExpansion:
            .warning(
                "a value in an environment file has '${', which is handed over as it is",
                "write the value out, or put it in single quotes")
        case .sourceMissing:
            .error(.noInput, "the file of 'init --from' does not exist", "correct the path")
        case .sourceSyntax:
            .error(
                .data, "the file of 'init --from' is none that is known, or a part of it can't be understood",
                "give it as JSON, as 'kubectl get -o json' and 'az' write it, or correct the line that is named")
        case .fileExists:
            .error(.cannotCreate, "the file that is to be written exists", "choose another name, or move the file away")
        case .fileWritten: .info("the file was written", "look it over, and try it with 'latchkey check'")
        case .outputFailed:
            .error(.inputOutput, "what was asked for could not be written", "see the reason")
        case .terminalRefused:
            .error(
                .usage, "secrets would have been written to a terminal, which keeps what it shows",
                "send the output to a command or to a file in memory, or add --reveal")
        case .vaultMissing:
            .error(
                .usage, "a reference names no vault, and there is no default vault",
                "give --vault NAME, or write the reference as 'akv://VAULT/NAME'")
        case .nothingToDeliver:
            .warning(
                "nothing was chosen to be delivered",
                "name secrets with -e, -f, --all or in latchkey.toml, and check that the file is found")
        case .optionUnused:
            .warning("an option or key has no effect with this subcommand", "leave it out, or use another subcommand")
        case .variableName:
            .warning(
                "a variable has a name that no shell can read",
                "take letters, digits and '_', and no digit first, unless the program itself reads that name")

        // identity
        case .identityHalfSet:
            .error(
                .configuration, "only some of the variables that belong together are set",
                "set the variable that is named, or unset its companions")
        case .identityNone:
            .error(.denied, "no identity was found here", "assign a managed identity, or choose one with --identity")
        case .identityUnknown:
            .error(
                .denied, "the identity that was asked for is not assigned here",
                "check --client-id, --object-id or --resource-id, and that the identity is assigned")
        case .identityDenied:
            .error(
                .denied, "the identity's endpoint refused the request",
                "check the endpoint's header or key file, or the application's credential")
        case .identityRefused:
            .error(.denied, "Entra refused to give a token", "check tenant, client id and credential")
        case .identityUnreachable:
            .error(.temporary, "the identity's endpoint can't be reached", "check the endpoint; it is tried again")
        case .identityThrottled:
            .error(.temporary, "the identity's endpoint asks for fewer requests", "wait; it is tried again")
        case .identityFailing:
            .error(.temporary, "the identity's endpoint fails", "wait; it is tried again")
        case .identityAnswer:
            .error(
                .protocolFailure, "the identity's endpoint gave an answer that is no token",
                "check what answers at the address of the endpoint")
        case .identityUntrusted:
            .error(
                .protocolFailure, "the identity's endpoint could not prove who it is",
                "check the certificate, its thumbprint and --ca-file")

        // vault
        case .vaultUnresolved:
            .error(.temporary, "the vault's name can't be resolved", "check the vault's name and the machine's DNS")
        case .vaultUnreachable:
            .error(.temporary, "the vault can't be reached", "check network, firewall and proxy; it is tried again")
        case .vaultUntrusted:
            .error(
                .protocolFailure, "the vault could not prove who it is",
                "check what answers under its name, and --ca-file")
        case .vaultTimeout:
            .error(.temporary, "the vault did not answer in time", "check the network; it is tried again")
        case .vaultThrottled:
            .error(.temporary, "the vault asks for fewer requests", "wait; lengthen --refresh if it happens often")
        case .vaultFailing:
            .error(.temporary, "the vault fails", "wait; it is tried again")
        case .vaultAnswer:
            .error(
                .protocolFailure, "the vault's answer can't be understood or is too large",
                "check what answers under the vault's name")
        case .vaultRedirect:
            .error(
                .protocolFailure, "the vault answered with a redirect, which is never followed",
                "check what answers under the vault's name")
        case .vaultRefused:
            .error(.protocolFailure, "the vault refused the request as malformed", "check the names and versions")
        case .vaultChallenge:
            .error(
                .protocolFailure, "the vault asked for a token of another resource",
                "check the vault's address: no token was sent")
        case .vaultFirewall:
            .error(.denied, "the vault's firewall refuses this address", "add the address to the vault's network rules")
        case .vaultPrivate:
            .error(.denied, "the vault takes private connections only", "reach it through its private endpoint")
        case .vaultForbidden:
            .error(.denied, "the identity may not do this in the vault", "assign the role 'Key Vault Secrets User'")
        case .tokenRefused:
            .error(.denied, "the vault refused the token", "check that the identity belongs to the vault's tenant")
        case .tokenExpired:
            .error(.temporary, "the identity endpoint gave a token that has expired", "check this machine's clock")

        case .vaultFallback:
            .warning("a vault does not answer, and its fallback stands in", "see why the vault does not answer")

        // secrets
        case .secretMissing:
            .error(.noInput, "the vault holds no such secret, or not in that version", "check name and version")
        case .secretDisabled:
            .error(.denied, "the secret is disabled", "enable it, or remove it from the configuration")
        case .secretForbidden:
            .error(.denied, "the identity may not read the secret", "assign the role 'Key Vault Secrets User'")
        case .secretGone:
            .error(
                .noInput, "a secret that is delivered was deleted or disabled; what runs keeps its value",
                "restore the secret, or remove it from the configuration")
        case .secretLeftOut:
            .warning("a secret could not be had and was left out, as if-missing asks", "create it, or remove its entry")
        case .secretNotYetValid:
            .warning("the secret is delivered before the time from which it is valid", "check its activation date")
        case .secretExpired:
            .warning("the secret is delivered after the time until which it is valid", "rotate it")
        case .secretExpires:
            .warning("the secret expires soon", "rotate it in time")
        case .referenceSyntax:
            .error(
                .usage, "a reference can't be understood",
                "write NAME, NAME/VERSION, an https URL, or akv://VAULT/NAME")

        // delivery
        case .valueNull:
            .error(.data, "a value holds a NUL byte, which no environment variable can", "deliver it as a file")
        case .valueSize:
            .error(.data, "a value is too long for an environment variable", "deliver it as a file")
        case .environmentSize:
            .error(.data, "all variables together are too long for the kernel", "deliver some of them as files")
        case .valueEncoding:
            .error(.data, "a value is not in the encoding that it should have", "check the encoding in the vault")
        case .valueJSON:
            .error(.data, "a value is not JSON, but a part of it was asked for", "check the value, or drop '#/…'")
        case .jsonMember:
            .error(.noInput, "a JSON value has no such member", "check the part behind '#'")
        case .nameRefused:
            .error(.data, "bulk selection gave a name by which programs are led", "name the secret explicitly")
        case .certificateFormat:
            .error(.data, "a certificate or key can't be had in that format", "check that its key may be exported")
        case .fileForm:
            .warning(
                "a file's name promises another form than its value has, as PEM or PKCS #12",
                "name the certificate itself, as 'akv://VAULT/certificates/NAME', or another file")
        case .templateMissing:
            .error(.noInput, "the template does not exist or can't be read", "check its path")
        case .templateSyntax:
            .error(.data, "the template can't be understood", "correct the line that is named")
        case .templateName:
            .error(.noInput, "the template names something that does not exist", "correct the name")
        case .directoryRefused:
            .error(.cannotCreate, "the secrets directory is not safe to write to", "do as the message says")
        case .directoryBusy:
            .error(.cannotCreate, "another instance uses the directory", "stop it, or choose another --instance")
        case .directoryUnavailable:
            .warning("no directory could be had, so there is no status", "give --directory or $RUNTIME_DIRECTORY")
        case .directoryWrite:
            .error(.inputOutput, "a write to the secrets directory failed", "make room; nothing was changed")
        case .directoryShared:
            .warning("others can write to the directory above the secrets", "mount it for this purpose alone")

        // the child and the supervisor
        case .credentialsWithheld:
            .warning(
                "the command does not get CREDENTIALS_DIRECTORY: Latchkey's own credential is in it",
                "run the command as another user with --user; give it its own credentials otherwise, or --keep-identity"
            )
        case .childNotFound:
            .error(.notFound, "the command does not exist", "check its name and PATH")
        case .childNotExecutable:
            .error(.notExecutable, "the command can't be executed", "check its mode, format and interpreter")
        case .childStarted: .info("the command was started")
        case .socketFailed:
            .error(
                .system, "a socket of --listen could not be opened",
                "see the reason: stop who has the address, or take another one")
        case .childReplacing: .info("a second command is being started with new secrets, beside the running one")
        case .childReplaced: .info("the second command has taken the place of the one before")
        case .childRestarting: .info("the command is being restarted with new secrets")
        case .childRolledBack:
            .error(
                .software,
                "the command failed with the new secrets; it runs, or was started again, with the previous ones",
                "check the newest versions of the secrets that are named")
        case .workerMissing:
            .error(.system, "latchkey-worker was not found beside latchkey", "install both programs together")
        case .workerCrashed:
            .error(.software, "the worker crashed; what runs goes on", "report it, with the signal that is named")
        case .workerHung:
            .error(.software, "the worker did not end in time and was killed; what runs goes on", "check the network")
        case .workerReport:
            .error(.software, "the worker's report can't be understood", "install both programs in one version")
        case .internalError:
            .error(.software, "a defect of latchkey", "report it, with the message")
        case .systemRefused:
            .error(.system, "the operating system refused a resource or a right", "do as the reason suggests")
        case .confinementMissing:
            .info("the kernel cannot sandbox the worker fully; the worker goes on")

        // refresh
        case .startRetrying:
            .warning("the first fetch failed for a reason that may pass, and is tried again", "see the reason")
        case .fileEdited:
            .warning("a delivered file was changed by somebody else", "let the program write elsewhere")
        case .cacheSealed:
            .warning("the secrets can't be sealed, or what was sealed can't be used", "see the message's reason")
        case .startCached:
            .warning("started with secrets of an earlier run, since identity or vault do not answer", "see the reason")
        case .refreshed: .info("new secrets were delivered")
        case .refreshFailed:
            .warning("a refresh failed; everything stays as it was", "see the reason; it is tried again")
        case .refreshRecovered: .info("refreshing works again")
        case .changeUnannounced:
            .warning("secrets have changed, and the command was not told", "choose with --on-change")
        case .environmentStale:
            .warning("changed variables can't reach a running command", "deliver files, or use --on-change restart")
        case .signalUnhandled:
            .warning(
                "the signal was not sent, since the command has no handler for it and would end",
                "choose another --signal, or --on-change restart")
        case .signalTarget:
            .warning("the process to be signalled was not found", "check --signal-pid")
        case .actionFailed:
            .warning("the command of --exec-on-change failed", "see its output and exit code")
        case .changeTold: .info("a change that had to wait was told")
        case .unitReloaded: .info("the unit of --reload-unit was reloaded")
        case .unitReloadFailed:
            .warning("the unit of --reload-unit could not be reloaded", "see the reason; it is tried again")
        case .configurationRestart:
            .warning("a change of the configuration needs a restart to be applied", "restart when convenient")
        case .configurationKept:
            .error(.configuration, "the changed configuration can't be used; the previous one stays", "correct it")

        // instances, credentials
        case .notRunning:
            .error(.notRunning, "no such instance is running", "check --instance; 'run' and 'sidecar' start one")
        case .credentialRefused:
            .error(
                .denied, "a credential was asked for that the configuration does not allow",
                "add it under [credentials.\"UNIT\"]")
        case .credentialServed: .info("a credential was served")
        }
    }
}
