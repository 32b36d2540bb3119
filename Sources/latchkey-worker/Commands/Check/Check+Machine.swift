import Generations
import LaunchConfiguration
import LinuxSystem
import Messages
import NameServices

// What lies on this machine: directory, command, service manager, container.
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
                for place in outlook.passedOver {
                    report.note(.directory, "passed over '\(place.path)': \(place.reason)")
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

    /// Why files can't be delivered as `--user`; nil where they can.
    private var refusalOfUser: Diagnosis? {
        do throws(CommandFailure) {
            try asUser { () throws(CommandFailure) in }
            return nil
        } catch {
            guard case .user(let reason) = error, let user = plan.child.runAs else { return nil }
            return Diagnosis(
                .directoryRefused, exit: .cannotCreate,
                "files can't be delivered as user '\(user.userName)': \(reason.reason)", hint: Self.userRemedy)
        }
    }

    private static let userRemedy = "start latchkey as root, or leave out --user"

    private static func name(of user: UInt32) -> String {
        (try? SystemNameService().user(numbered: user))??.name ?? String(user)
    }

    /// The command as the supervisor will look for it: with the rights and the PATH that it gets.
    mutating func lookAtCommand() {
        guard let index = plan.child.commandIndex, index < arguments.count else {
            return report.note(.command, "not looked at: no COMMAND was given behind '--'")
        }
        let name = String(decoding: arguments[index], as: UTF8.self)
        report.command = CheckReport.Command(name: name, path: nil)
        let path = environment.text("PATH")
        do throws(Diagnosis) {
            let found: String
            do throws(CommandFailure) {
                found = try asUser { () throws(CommandFailure) in
                    do throws(ProgramSearch.Obstacle) { return try ProgramSearch.find(name, path: path) } catch {
                        throw .program(error)
                    }
                }
            } catch {
                throw Self.diagnosis(error, of: name, as: plan.child.runAs)
            }
            report.command = CheckReport.Command(name: name, path: found)
            report.pass(
                .command, "'\(name)' is '\(found)'\(plan.child.runAs.map { ", run as '\($0.userName)'" } ?? "")")
            lookForProgramOfEnv(found, path)
        } catch {
            report.fail(.command, error)
        }
        if plan.environment.contains(where: { $0.name == "PATH" }) {
            report.note(.command, "PATH is one of the delivered variables: the command is looked for in that one")
        }
    }

    /// A script that `env` runs starts, and ends at once where the program that it names is not there.
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

    private enum CommandFailure: Error {
        case program(ProgramSearch.Obstacle)
        case user(SystemError)
    }

    /// With the rights to files of `--user`, where that is somebody else.
    private func asUser<Value>(_ body: () throws(CommandFailure) -> Value) throws(CommandFailure) -> Value {
        guard let identity = plan.child.identity else { return try body() }
        return try identity.perform(refused: { .user($0) }, body)
    }

    private static func diagnosis(_ failure: CommandFailure, of name: String, as user: RunAs?) -> Diagnosis {
        let who = user.map { "user '\($0.userName)'" } ?? "this user"
        switch failure {
        case .user(let error):
            return Diagnosis(
                .systemRefused, exit: .system, "command '\(name)' can't be run as \(who): \(error.reason)",
                hint: Self.userRemedy)
        case .program(let obstacle):
            return Diagnosis(
                obstacle.isNotFound ? .childNotFound : .childNotExecutable,
                exit: obstacle.isNotFound ? .notFound : .notExecutable, "command '\(name)': \(obstacle.words(who))",
                hint: obstacle.remedy)
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

extension ChildPlan {
    /// The rights to files that the command gets; nil for this process's own.
    fileprivate var identity: UserIdentity? {
        guard let identity = runAs?.identity else { return nil }
        // Without root's rights, being the user already is enough.
        let isOwn = (try? UserIdentity.current())?.user == identity.user && identity.user != 0
        return isOwn ? nil : identity
    }
}

extension ProgramSearch.Obstacle {
    fileprivate func words(_ user: String) -> String {
        switch self {
        case .missing: "no such file or directory"
        case .isDirectory(let path): "'\(path)' is a directory"
        case .forbidden(let path, _): "\(user) may not execute '\(path)'"
        case .interpreterMissing(let path, let interpreter):
            "'\(path)' is run by '\(interpreter)', which does not exist"
        case .interpreterForbidden(let path, let interpreter):
            "'\(path)' is run by '\(interpreter)', which may not be executed"
        case .mountedNoexec(let path): "'\(path)' lies on a file system that is mounted noexec"
        case .foreign(let path, let machine):
            "'\(path)' is compiled for \(machine)" + (MachineKind.own.map { ", and this machine is \($0.name)" } ?? "")
        }
    }

    fileprivate var remedy: String {
        switch self {
        case .missing: "check the name, or PATH in the command's environment"
        case .isDirectory: "name the program that lies in it"
        case .forbidden(let path, lacksExecuteBit: true): "make it executable with 'chmod +x \(path)'"
        case .forbidden(let path, lacksExecuteBit: false):
            "'namei -l \(path)' shows which directory keeps it back"
        case .interpreterMissing(let path, let interpreter) where interpreter.hasSuffix("\r"):
            "its first line ends with a carriage return; take them out with 'sed -i \"s/\\r$//\" \(path)'"
        case .interpreterMissing(let path, _), .interpreterForbidden(let path, _):
            "install it, or correct the first line of '\(path)'; for a compiled program, build it for this system"
        case .mountedNoexec(let path):
            "put it elsewhere, or take 'noexec' from the mount that 'findmnt -T \(path)' shows"
        case .foreign(let path, _):
            "take the build for this machine, or register one that runs it (binfmt_misc); 'file \(path)' shows what it is"
        }
    }
}
