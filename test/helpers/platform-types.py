"""
Holds what the gateway received and answered against the platforms' own types: the protobuf messages of Dialogflow CX and the data
types of Rasa's SDK. Reads {"dialogflow_cx": [{"request", "response"}], "rasa": [...], "rasa_actions": [...]} from the file that the
argument names, prints every mismatch, and ends with the number of exchanges that were looked at.
"""

import json
import sys

from google.cloud.dialogflowcx_v3.types import WebhookRequest, WebhookResponse
from google.protobuf import json_format
from pydantic import TypeAdapter
from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import ActionExecutor, ActionExecutorRunResult, ActionName, CollectingDispatcher
from rasa_sdk.types import ActionCall


def check_dialogflow_cx(request, response):
    # Unknown fields, wrong types and misplaced nulls raise.
    read = json_format.ParseDict(request, WebhookRequest.pb(WebhookRequest()))
    assert read.fulfillment_info.tag == request["fulfillmentInfo"]["tag"], "the tag was not read"
    sent = json_format.ParseDict(response, WebhookResponse.pb(WebhookResponse()))
    again = json_format.MessageToDict(sent)
    assert again["sessionInfo"]["parameters"] == response["sessionInfo"]["parameters"], "parameters changed on the way"
    texts = [text for message in sent.fulfillment_response.messages for text in message.text.text]
    assert texts and all(texts), "nothing is said"


def check_rasa(request, response):
    TypeAdapter(ActionCall).validate_python(request)
    tracker = Tracker.from_dict(request["tracker"])
    assert tracker.sender_id == request["sender_id"], "another conversation"
    result = ActionExecutorRunResult.model_validate(response)
    assert response.keys() == result.model_dump().keys(), "other fields than events and responses"
    events = ActionExecutor.validate_events(list(result.events), request["next_action"])
    assert events == [SlotSet(event["name"], event["value"]) for event in result.events], "other events than SlotSet"
    tracker.add_slots(events)
    assert tracker.get_slot("outcome") is not None, "no outcome"
    for message in result.responses:
        dispatcher = CollectingDispatcher()
        dispatcher.utter_message(text=message["text"], buttons=message["buttons"])
        assert dispatcher.messages == [message], "not as the dispatcher writes it"


def main(file):
    with open(file, encoding="utf-8") as source:
        exchanges = json.load(source)
    faults = []
    checks = {"dialogflow_cx": check_dialogflow_cx, "rasa": check_rasa}
    count = 0
    for platform, check in checks.items():
        for index, exchange in enumerate(exchanges[platform]):
            count += 1
            try:
                check(exchange["request"], exchange["response"])
            except Exception as fault:
                faults.append(f"{platform} {index}: {type(fault).__name__}: {fault}")
    names = [ActionName.model_validate(action).name for action in exchanges["rasa_actions"]]
    if not names:
        faults.append("rasa: no actions")
    print("\n".join([*faults, f"{count} exchanges"]))
    sys.exit(1 if faults or count == 0 else 0)


main(sys.argv[1])
