from ninja import NinjaAPI

api = NinjaAPI(title="Hubbub", version="1", docs_url="/docs")
