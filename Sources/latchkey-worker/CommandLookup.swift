import LaunchConfiguration
import LinuxSystem
import Messages
import Systemd
import WorkerProtocol

/// Looks for a program as the supervisor will: with the rights of `--user` and the command's PATH. Executes nothing.
struct CommandLookup {
    enum Failure: Error {
        case program(ProgramSearch.Obstacle)
        case user(SystemError)
    }

    let plan: LaunchPlan
    let path: String?

    static let userRemedy = "start latchkey as root, or leave out --user"

    init(_ plan: LaunchPlan, _ environment: EnvironmentEntries) {
        self.plan = plan
        path = environment.text("PATH")
    }

    /// The path of the program that would be started. `role` is its name in messages.
    func find(_ name: String, role: String) throws(Diagnosis) -> String {
        do throws(Failure) {
            return try asUser { () throws(Failure) in
                do throws(ProgramSearch.Obstacle) { return try ProgramSearch.find(name, path: path) } catch {
                    throw .program(error)
                }
            }
        } catch {
            throw diagnosis(error, "\(role) '\(name)'")
        }
    }

    /// The program of the command on change, as configured; nil if there is none.
    var commandOnChange: String? {
        if case .exec(let words) = plan.refresh.onChange { words.first } else { nil }
    }

    /// The program of `--ready`, where it is run; nil if there is none.
    var commandOfReady: String? {
        if case .replace = plan.refresh.onChange, case .command(let words) = plan.child.ready {
            words.first
        } else {
            nil
        }
    }

    /// Why the command on change can't be started, if that can be foreseen. If the rights of `--user` can't be taken,
    /// the start fails with a message of its own.
    func obstacleOnChange() -> Diagnosis? {
        if case .reloadUnit(let unit) = plan.refresh.onChange {
            guard SystemdLibrary.load() == nil else { return nil }
            return Diagnosis(
                .unitReloadFailed, exit: .system, "unit '\(unit)' can't be reloaded: libsystemd can't be loaded",
                hint: SystemdLibrary.remedy)
        }
        guard let name = commandOnChange, !plan.sets("PATH") else { return nil }
        do throws(Diagnosis) {
            _ = try find(name, role: Self.roleOnChange)
            return nil
        } catch {
            return error.code == .systemRefused ? nil : error
        }
    }

    static let roleOnChange = "command on change"

    /// Runs `body` with the file rights of `--user`, if that is another user.
    func asUser<Value>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        guard let identity = plan.child.identity else { return try body() }
        return try identity.perform(refused: { .user($0) }, body)
    }

    private func diagnosis(_ failure: Failure, _ subject: String) -> Diagnosis {
        let who = plan.child.runAs.map { "user '\($0.userName)'" } ?? "this user"
        switch failure {
        case .user(let error):
            return Diagnosis(
                .systemRefused, exit: .system, "\(subject) can't be run as \(who): \(error.reason)",
                hint: Self.userRemedy)
        case .program(let obstacle):
            return Diagnosis(
                obstacle.isNotFound ? .childNotFound : .childNotExecutable,
                exit: obstacle.isNotFound ? .notFound : .notExecutable, "\(subject): \(obstacle.words(who))",
                hint: obstacle.remedy)
        }
    }
}

extension ChildPlan {
    /// The file rights of the command; nil for those of this process.
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
