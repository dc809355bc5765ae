/** A page that renders `/openapi.json` without any library: small enough to read, nothing loaded from elsewhere. */
export const docsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>FHIR scheduling gateway: API</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  details { border: 1px solid #8886; border-radius: .4rem; margin: .5rem 0; padding: .4rem .8rem }
  summary { cursor: pointer }
  code, pre { font-family: ui-monospace, monospace; font-size: .9em }
  pre { overflow-x: auto; padding: .6rem; border: 1px solid #8886; border-radius: .4rem }
  .method { display: inline-block; min-width: 4.5rem; font-weight: 600 }
</style>
</head>
<body>
<h1>FHIR scheduling gateway</h1>
<p id="about">Loading the description&hellip;</p>
<main id="paths"></main>
<script>
const add = (parent, tag, text) => { const node = document.createElement(tag); if (text) node.textContent = text; parent.append(node); return node }
const showSchema = (parent, title, schema) => { if (schema) { add(parent, 'h4', title); add(parent, 'pre', JSON.stringify(schema, null, 2)) } }
fetch('openapi.json').then((answer) => answer.json()).then((api) => {
  document.getElementById('about').textContent = api.info.description + ' Version ' + api.info.version + '.'
  const main = document.getElementById('paths')
  for (const [path, methods] of Object.entries(api.paths)) for (const [method, operation] of Object.entries(methods)) {
    const box = add(main, 'details'), head = add(box, 'summary')
    add(head, 'code', method.toUpperCase()).className = 'method'
    add(head, 'code', path)
    add(head, 'span', ' — ' + (operation.summary || ''))
    if (operation.description) add(box, 'p', operation.description)
    showSchema(box, 'Parameters', operation.parameters)
    showSchema(box, 'Body', operation.requestBody && operation.requestBody.content['application/json'].schema)
    for (const [status, answer] of Object.entries(operation.responses)) {
      const content = answer.content && Object.values(answer.content)[0]
      showSchema(box, status + ' ' + (answer.description || ''), content && content.schema)
    }
  }
}).catch(() => { document.getElementById('about').textContent = 'The description at /openapi.json could not be loaded.' })
</script>
</body>
</html>
`
