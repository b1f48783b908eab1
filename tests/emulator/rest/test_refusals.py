from __future__ import annotations

import json

from livekit_plugins_azure_interpreter.emulator.rest.refusals import RefusalError


class TestRefusalError:
    def test_it_has_the_shape_of_the_gateway(self) -> None:
        response = RefusalError(415, "no").of_gateway()
        assert response.status == 415
        assert json.loads(response.text or "") == {"error": {"code": "415", "message": "no"}}

    def test_it_has_the_shape_of_the_api(self) -> None:
        response = RefusalError(400, "no").of_api()
        assert response.status == 400
        assert json.loads(response.text or "") == {"code": "InvalidRequest", "message": "no"}

    def test_it_has_a_more_exact_code(self) -> None:
        body = json.loads(RefusalError(422, "no", "InvalidArgument", "InvalidLocale").of_api().text or "")
        assert body["code"] == "InvalidArgument"
        assert body["innerError"] == {"code": "InvalidLocale", "message": "no"}
