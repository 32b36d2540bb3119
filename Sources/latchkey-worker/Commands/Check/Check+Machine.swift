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

    private static func name(of user: UInt32) -> String {
        (try? SystemNameService().user(numbered: user))??.name ?? String(user)
    }

    mutating func lookAtCommand() {
        guard let index = plan.child.commandIndex, index < arguments.count else { return }
        let name = String(decoding: arguments[index], as: UTF8.self)
        let places =
            name.contains("/")
            ? [name]
            : (environment.text("PATH") ?? "/bin:/usr/bin").split(separator: ":", omittingEmptySubsequences: false)
                .map { $0.isEmpty ? name : "\($0)/\(name)" }
        if let found = places.first(where: ProcessFiles.isExecutable) {
            report.command = CheckReport.Command(name: name, path: found)
            return report.pass(.command, "'\(name)' is '\(found)'")
        }
        report.command = CheckReport.Command(name: name, path: nil)
        if let found = places.first(where: ProcessFiles.exists) {
            report.fail(
                .command,
                Diagnosis(
                    .childNotExecutable, exit: .notExecutable, "command '\(name)': '\(found)' can't be executed",
                    hint: "make it executable with 'chmod +x \(found)'"))
        } else {
            report.fail(
                .command,
                Diagnosis(
                    .childNotFound, exit: .notFound, "command '\(name)': no such file or directory",
                    hint: "check the name, or PATH in the command's environment"))
        }
    }

    mutating func lookAtSurroundings() {
        if let user = plan.child.runAs, user.user != 0 || isExplaining {
            report.note(.surroundings, "the command runs as user '\(user.userName)'")
        }
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
