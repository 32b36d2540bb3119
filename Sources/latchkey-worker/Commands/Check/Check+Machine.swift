import LaunchConfiguration
import LinuxSystem
import Messages
import NameServices
import SecretsDirectory
import WorkerProtocol

// The parts of the report about this machine: directory, command, service manager, container.
extension Check {
    mutating func lookAtDirectory() {
        do throws(GenerationError) {
            let outlook = try plan.lookAtPlace(environment, pid: ProcessFiles.ownProcess)
            let user = Self.name(of: outlook.user)
            let mode = String(outlook.directoryMode, radix: 8)
            report.directory = CheckReport.Directory(
                path: outlook.path, fileSystem: outlook.fileSystem, swap: outlook.swap.rawValue, mode: "0" + mode,
                user: user)
            if isExplaining {
                for directories in outlook.passedOver {
                    report.note(.directory, "passed over '\(directories.path)': \(directories.reason)")
                }
            }
            guard plan.deliversFiles || isExplaining else { return }
            if plan.deliversFiles, let refusal = refusalOfUser { return report.fail(.directory, refusal) }
            report.pass(
                .directory,
                "'\(outlook.path)' on \(outlook.fileSystem), mode 0\(mode), user \(user)"
                    + (outlook.freeBytes.map { ", \($0 >> 20) MiB free" } ?? ""))
            if outlook.swap == .possible, isExplaining {
                report.note(.directory, "its memory can be swapped out; a tmpfs mounted with 'noswap' can't")
            }
        } catch {
            if !plan.deliversFiles, plan.delivery.directory == nil, error.isBearableWithoutFiles {
                report.warn(.directory, error.warning)
            } else {
                report.fail(.directory, error.diagnosis)
            }
        }
    }

    /// Why files can't be delivered as `--user`; nil if they can.
    private var refusalOfUser: Diagnosis? {
        do throws(CommandLookup.Failure) {
            try CommandLookup(plan, environment).asUser { () throws(CommandLookup.Failure) in }
            return nil
        } catch {
            guard case .user(let reason) = error, let user = plan.child.runAs else { return nil }
            return Diagnosis(
                .directoryRefused, exit: .cannotCreate,
                "files can't be delivered as user '\(user.userName)': \(reason.reason)", hint: CommandLookup.userRemedy)
        }
    }

    private static func name(of user: UInt32) -> String {
        (try? SystemNameService().user(numbered: user))??.name ?? String(user)
    }

    /// Whether the sockets of --listen could be opened now. Those of the network are, for a moment; a path is looked at.
    mutating func lookAtSockets() {
        for address in plan.child.listen {
            do throws(SystemError) {
                switch address.place {
                case .tcp(let host, let port): _ = try ServerSocket(host: host, port: port)
                case .unix(let path, _, let user, _): try ServerSocket.look(at: path, user: user)
                }
                report.pass(.command, "can listen at '\(address.text)'")
            } catch {
                report.fail(
                    .command,
                    Diagnosis(.socketFailed, exit: .system, "socket '\(address.text)': \(error.reason)"))
            }
        }
    }

    /// COMMAND, and the command on change.
    mutating func lookAtCommands() {
        let lookup = CommandLookup(plan, environment)
        lookAtCommand(lookup)
        if let name = lookup.commandOnChange { lookAtHelper(name, CommandLookup.roleOnChange, lookup) }
        if let name = lookup.commandOfReady { lookAtHelper(name, "command of --ready", lookup) }
    }

    /// A command that is run at the first change.
    private mutating func lookAtHelper(_ name: String, _ role: String, _ lookup: CommandLookup) {
        guard !plan.sets("PATH") else {
            return report.note(.command, "the \(role) '\(name)' is looked for in the delivered PATH")
        }
        do throws(Diagnosis) {
            let found = try lookup.find(name, role: role)
            report.pass(.command, "the \(role) '\(name)' is '\(found)'")
            lookForProgramOfEnv(found, lookup.path)
        } catch {
            report.failLater(.command, error)
        }
    }

    private mutating func lookAtCommand(_ lookup: CommandLookup) {
        guard let index = plan.child.commandIndex, index < arguments.count else {
            return report.note(.command, "not looked at: no COMMAND was given behind '--'")
        }
        let name = String(decoding: arguments[index], as: UTF8.self)
        report.command = CheckReport.Command(name: name, path: nil)
        do throws(Diagnosis) {
            let found = try lookup.find(name, role: "command")
            report.command = CheckReport.Command(name: name, path: found)
            report.pass(
                .command, "'\(name)' is '\(found)'\(plan.child.runAs.map { ", run as '\($0.userName)'" } ?? "")")
            lookForProgramOfEnv(found, lookup.path)
        } catch {
            report.fail(.command, error)
        }
        if plan.sets("PATH") {
            report.note(.command, "PATH is one of the delivered variables: the command is looked for in that one")
        }
    }

    /// A script with `env` in its first line starts, but ends at once if the program that it names does not exist.
    private mutating func lookForProgramOfEnv(_ script: String, _ path: String?) {
        guard let program = ProgramSearch.programOfEnv(script) else { return }
        do throws(ProgramSearch.Obstacle) {
            _ = try ProgramSearch.find(program, path: path)
        } catch {
            report.warn(
                .command,
                Diagnosis(
                    .childNotFound, exit: .notFound,
                    "'\(script)' is run by 'env \(program)', and PATH leads to no '\(program)'",
                    hint: "install it, or correct PATH or the first line of '\(script)'"))
        }
    }

    mutating func lookAtSurroundings() {
        for (isThere, words) in surroundings where isThere { report.note(.surroundings, words) }
    }

    private var surroundings: [(Bool, String)] {
        func isSet(_ name: String) -> Bool { environment.text(name)?.isEmpty == false }
        let waiter = plan.notify == .launcher ? "latchkey" : "the command"
        return [
            (isSet("INVOCATION_ID"), "started by systemd (INVOCATION_ID)"),
            (isSet("NOTIFY_SOCKET"), "systemd waits for readiness, which \(waiter) reports (--notify)"),
            (isSet("WATCHDOG_USEC"), "systemd's watchdog is on (WATCHDOG_USEC)"),
            (isSet("RUNTIME_DIRECTORY"), "systemd made the directory of the instance (RUNTIME_DIRECTORY)"),
            (isSet("CREDENTIALS_DIRECTORY"), "systemd gives credentials (CREDENTIALS_DIRECTORY)"),
            (isSet("LISTEN_FDS"), "systemd hands over sockets, which the command gets (LISTEN_FDS)"),
            (isSet("KUBERNETES_SERVICE_HOST"), "in a pod of Kubernetes"),
            (isSet("WEBSITE_SITE_NAME"), "on App Service, site '\(environment.text("WEBSITE_SITE_NAME") ?? "")'"),
            (isSet("CONTAINER_APP_NAME"), "in Container Apps, app '\(environment.text("CONTAINER_APP_NAME") ?? "")'"),
            (
                ["/.dockerenv", "/run/.containerenv"].contains(where: ProcessFiles.exists) || isSet("container"),
                "in a container"
            ),
            (isSet("https_proxy") || isSet("HTTPS_PROXY"), "a proxy for vaults and Entra (https_proxy)"),
        ]
    }
}
