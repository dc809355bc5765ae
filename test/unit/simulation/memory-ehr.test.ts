import { describeEhr } from '../../contract/ehr-contract.ts'
import { MemoryDirectories } from '../../simulation/memory-directories.ts'
import { MemoryEhr } from '../../simulation/memory-ehr.ts'
import { MemoryStore } from '../../simulation/memory-store.ts'

describeEhr('the EHR in memory', () => {
  const store = new MemoryStore([])
  return {
    ehr: new MemoryEhr(store),
    directories: new MemoryDirectories(store),
    put: (...resources) => {
      store.put(...resources)
      return Promise.resolve()
    },
    delete: (url) => {
      const [type = '', id = ''] = url.split('/')
      store.delete(type, id)
      return Promise.resolve()
    },
  }
})
