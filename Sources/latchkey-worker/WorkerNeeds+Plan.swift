import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets
import SecretsDirectory

extension WorkerNeeds {
    /// What an attempt needs for its plan, after the plan was told.
    init(_ plan: LaunchPlan, _ directories: DeliveryDirectories?) {
        let own = try? UserIdentity.current()
        let owner = directories?.secrets.owner
        self.init(user: owner?.user ?? own?.user ?? 0, group: owner?.group ?? own?.group ?? 0)
        // Root reads what it is told to, whoever owns it: templates, certificates, the keys of Arc's agent.
        capabilities = [.readEverything]
        if owner?.identity != nil {
            capabilities.formUnion([.setUser, .setGroup])
            changesIdentity = true
        } else if let owner, owner.group != own?.group {
            capabilities.insert(.changeOwner)
        }
        if plan.identity.source == .azureCLI {
            // Its login may lie in the home of somebody else.
            capabilities.formUnion([.changeOwner, .overrideAccess, .actAsOwner])
            startsProgram = true
        }
        // That of the kept generation among them.
        modes = Set(plan.files.compactMap(\.mode) + [0o400])
        if let owner { modes.formUnion([owner.fileMode, owner.directoryMode]) }
    }
}

extension Confinement {
    /// Keeps what the plan needs, and says at the finest level what can't be taken away.
    static func keepOnly(_ needs: WorkerNeeds, _ log: WorkerLog) {
        do throws(SystemError) {
            try keepOnly(needs)
        } catch {
            log.write(Message(.debug, .confinementMissing, "this worker is not confined as it could be: \(error)"))
        }
    }
}
